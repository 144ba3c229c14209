import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  captureTable,
  type FollowedState,
  type Following,
  positionOf,
  startFollowing,
} from '../../../test/support/stream-following.ts';
import { shardUnit } from '../../model/unit.ts';
import { createManualClock, type ManualClock } from '../../simulator/manual-clock.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';

const HOUR_MS = 3_600_000;
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
  simulator.streams.setRollEvery('orders', null);
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
function follow(state: FollowedState): Following {
  following = startFollowing({ simulator, clock, table: 'orders', state, shards: 'closed' });
  return following;
}
/** As a run that ends: until it has caught up with its start. */
async function runOnce(state: FollowedState): Promise<void> {
  const nowMs = clock.now() + 1_000;
  const { until, follower, stop } = follow(state);
  follower.hurry(nowMs);
  await until(() => follower.isCaughtUpWith(nowMs));
  await stop();
}
const openShards = (): readonly string[] => simulator.streams.openShardIds('orders');
const onlyShard = (): string => openShards()[0] ?? '';
const verifiedMs = ({ units }: FollowedState, shard: string): number =>
  units.get(shardUnit(shard))?.shard?.verifiedThroughMs ?? 0;
const readCount = (): number => simulator.requests.count({ action: 'GetRecords' });
const gap = (kind: string, members: object = {}) => expect.objectContaining({ name: 'StreamGap', kind, ...members });

describe('of closed shards only', () => {
  test('an open shard is not asked, and it is caught up without it', async () => {
    const state = await capture();
    const capturedMs = clock.now();
    put('a', 1);
    await runOnce(state);
    const { pass } = follow(state);
    await pass(10 * 60_000);
    expect(readCount()).toBe(0);
    expect(state.images.size).toBe(0);
    expect(positionOf(state, onlyShard())).toBe('start');
    // What it holds ages: nothing is known of it.
    expect(capturedMs - verifiedMs(state, onlyShard())).toBeLessThanOrEqual(1_000);
  });

  test('a shard that closes while the stream is followed is read to its end, and its open child is left alone', async () => {
    const state = await capture();
    const { pass, until } = follow(state);
    put('a', 1);
    await pass(5_000);
    const shard = onlyShard();
    const child = simulator.streams.roll('orders', shard);
    put('a', 2);
    await until(() => positionOf(state, child) !== null);
    await pass(5 * 60_000);
    expect(state.images.get('a')).toEqual(['1']);
    expect(positionOf(state, shard)).toBe('end');
    expect(positionOf(state, child)).toMatch(/^at /);
  });

  test('parents are read before children through rolls and splits', async () => {
    simulator.streams.setInitialShards('orders', 3);
    const state = await capture();
    const written = simulator.streams.collectImages('orders');
    for (let round = 0; round < 6; round++) {
      for (let key = 0; key < 12; key++) put(`k${key}`, round);
      clock.advance(60_000);
      simulator.streams.rollAll('orders');
      simulator.streams.split('orders', onlyShard());
    }
    await runOnce(state);
    for (const [key, images] of written) {
      const values = images.map((image) => (image === null ? null : JSON.parse(image).v.N));
      expect(state.images.get(JSON.parse(key).pk.S)).toEqual(values);
    }
    for (const shard of openShards()) expect(positionOf(state, shard)).toMatch(/^at /);
  });

  test('only a listing that was begun after a time says that it is caught up with it', async () => {
    const state = await capture();
    const { pass, until, follower } = follow(state);
    await pass(5_000);
    put('a', 1);
    simulator.streams.rollAll('orders');
    const nowMs = clock.now();
    await pass(5_000);
    expect(follower.isCaughtUpWith(nowMs)).toBe(false);
    follower.hurry(nowMs);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(state.images.get('a')).toEqual(['1']);
    expect(clock.now() - nowMs).toBeLessThan(20_000);
  });

  test('a shard that one listing lacks keeps it from being caught up, and is not asked', async () => {
    const state = await capture();
    put('a', 1);
    simulator.streams.hideFromListing('orders', onlyShard(), 1);
    const nowMs = clock.now();
    const { pass, until, follower } = follow(state);
    await pass(5_000);
    expect(follower.isCaughtUpWith(nowMs)).toBe(false);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(readCount()).toBe(0);
    expect(clock.now() - nowMs).toBeLessThan(15_000);
  });

  test('a shard that listings have lacked for a minute is asked itself, until one shows it open', async () => {
    const state = await capture();
    put('a', 1);
    simulator.streams.hideFromListing('orders', onlyShard(), 12);
    const startMs = clock.now();
    const { until, pass } = follow(state);
    await until(() => state.images.has('a'));
    expect(clock.now() - startMs).toBeGreaterThanOrEqual(60_000);
    await pass(15 * 60_000);
    const before = readCount();
    await pass(10 * 60_000);
    expect(readCount()).toBe(before);
  });

  test('a shard that has a child is closed, whatever listings lack', async () => {
    const state = await capture();
    put('a', 1);
    const shard = onlyShard();
    simulator.streams.roll('orders', shard);
    simulator.streams.hideFromListing('orders', shard, Number.POSITIVE_INFINITY);
    const startMs = clock.now();
    await runOnce(state);
    expect(state.images.get('a')).toEqual(['1']);
    expect(clock.now() - startMs).toBeLessThan(20_000);
  });

  test('a listing that was asked for before a time and answered after it says nothing of that time', async () => {
    const state = await capture();
    const nowMs = clock.now() + 3_000;
    const unhook = simulator.onRequest(() => clock.advance(5_000));
    const { until, follower } = follow(state);
    const listingCount = (): number => simulator.requests.count({ action: 'DescribeStream' });
    const before = listingCount();
    await until(() => listingCount() > before);
    unhook();
    expect(follower.isCaughtUpWith(nowMs)).toBe(false);
    follower.hurry(nowMs);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(listingCount()).toBe(before + 2);
  });
});

describe('a pause', () => {
  test('of 22 hours after an open shard was captured: what was written since is read when it has closed', async () => {
    put('old', 1);
    clock.advance(3.5 * HOUR_MS);
    const state = await capture();
    await runOnce(state);
    put('a', 1);
    clock.advance(HOUR_MS);
    simulator.streams.rollAll('orders');
    clock.advance(21 * HOUR_MS);
    await runOnce(state);
    // What is older than the capture is trimmed by now, and is not owed.
    expect(Object.fromEntries(state.images)).toEqual({ a: ['1'] });
  });

  test('is no gap for what a child has to bring after a parent with old changes: the child is younger', async () => {
    put('a', 1);
    clock.advance(3.5 * HOUR_MS);
    simulator.streams.rollAll('orders');
    put('a', 2);
    const state = await capture();
    await runOnce(state);
    expect(state.images.get('a')).toEqual(['1']);
    clock.advance(HOUR_MS);
    simulator.streams.rollAll('orders');
    clock.advance(20 * HOUR_MS);
    await runOnce(state);
    expect(state.images.get('a')).toEqual(['1', '2']);
  });

  test('of 25 hours is a gap, as soon as the shard has closed', async () => {
    const state = await capture();
    await runOnce(state);
    put('a', 1);
    clock.advance(25 * HOUR_MS);
    await runOnce(state);
    simulator.streams.rollAll('orders');
    expect(await follow(state).failure()).toEqual(gap('may-have-been-trimmed'));
  });

  test('after which the first changes of a shard that was left open are trimmed is a gap', async () => {
    const state = await capture();
    simulator.streams.rollAll('orders');
    await runOnce(state);
    const shard = onlyShard();
    put('a', 1);
    clock.advance(3 * HOUR_MS);
    put('a', 2);
    simulator.streams.rollAll('orders');
    clock.advance(22 * HOUR_MS);
    expect(await follow(state).failure()).toEqual(gap('position-trimmed', { shardIds: [shard] }));
  });

  test('of 22 hours after a shard was left open is none, and nothing of it is lost', async () => {
    const state = await capture();
    simulator.streams.rollAll('orders');
    await runOnce(state);
    put('a', 1);
    clock.advance(3 * HOUR_MS);
    simulator.streams.rollAll('orders');
    clock.advance(19 * HOUR_MS);
    await runOnce(state);
    expect(state.images.get('a')).toEqual(['1']);
  });
});

test('a table that is quiet for days does not look older than its shards are', async () => {
  simulator.streams.setRollEvery('orders', 4 * HOUR_MS);
  const state = await capture();
  for (let run = 0; run < 8; run++) {
    clock.advance(12 * HOUR_MS);
    await runOnce(state);
    const [open = ''] = openShards();
    expect(clock.now() - verifiedMs(state, open)).toBeLessThan(5 * HOUR_MS);
  }
  put('a', 1);
  simulator.streams.rollAll('orders');
  await runOnce(state);
  expect(state.images.get('a')).toEqual(['1']);
});

test('what one shard has lost is said without waiting for those that are open', async () => {
  simulator.streams.setInitialShards('orders', 3);
  const state = await capture();
  const [shard = ''] = openShards();
  for (let key = 0; key < 20; key++) put(`k${key}`, 1);
  simulator.streams.roll('orders', shard);
  clock.advance(25 * HOUR_MS);
  const startMs = clock.now();
  expect(await follow(state).failure()).toEqual(gap('may-have-been-trimmed', { shardIds: [shard] }));
  expect(clock.now() - startMs).toBeLessThan(60_000);
});
