import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  captureTable,
  type FollowedState,
  type Following,
  positionOf,
  startFollowing,
} from '../../../test/support/stream-following.ts';
import { createManualClock, type ManualClock } from '../../simulator/manual-clock.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';

let simulator: Simulator;
let clock: ManualClock;
let following: Following | null = null;

beforeEach(async () => {
  clock = createManualClock(Date.UTC(2026, 0, 1));
  simulator = await startSimulator({ clock });
  simulator.tables.create({
    TableName: 'orders',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
});
afterEach(async () => {
  await following?.stop();
  following = null;
  await simulator.close();
});

const put = (pk: string, v: number): void => {
  simulator.tables.putItems('orders', [{ pk: { S: pk }, v: { N: String(v) } }]);
};
const capture = (): Promise<FollowedState> => captureTable(simulator, clock, 'orders');
function follow(state: FollowedState, options: Partial<Parameters<typeof startFollowing>[0]> = {}): Following {
  following = startFollowing({ simulator, clock, table: 'orders', state, ...options });
  return following;
}
const onlyShard = (): string => simulator.streams.openShardIds('orders')[0] ?? '';

describe('followStream', () => {
  test('hands over what is written, in order, and says when it is caught up', async () => {
    const state = await capture();
    const { until, follower } = follow(state);
    put('a', 1);
    put('a', 2);
    simulator.tables.deleteItems('orders', [{ pk: { S: 'a' } }]);
    const nowMs = clock.now();
    expect(follower.isCaughtUpWith(nowMs)).toBe(false);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(state.images.get('a')).toEqual(['1', '2', null]);
    expect(positionOf(state, onlyShard())).toMatch(/^after \d+$/);
  });
});
