import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  captureTable,
  type FollowedState,
  type Following,
  positionOf,
  shardIdsOf,
  startFollowing,
} from '../../../test/support/stream-following.ts';
import { createManualClock, type ManualClock } from '../../simulator/manual-clock.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';

const HOUR_MS = 3_600_000;
let simulator: Simulator;
let clock: ManualClock;
let following: Following | null = null;

beforeEach(async () => {
  clock = createManualClock(Date.UTC(2026, 0, 1));
  simulator = await startSimulator({ clock });
  createTable('NEW_AND_OLD_IMAGES');
  simulator.streams.setRollEvery('orders', null);
});
afterEach(async () => {
  await following?.stop();
  following = null;
  await simulator.close();
});

function createTable(viewType: string): void {
  simulator.tables.create({
    TableName: 'orders',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: viewType },
  });
}
const put = (pk: string, v: number): void => {
  simulator.tables.putItems('orders', [{ pk: { S: pk }, v: { N: String(v) } }]);
};
const capture = (): Promise<FollowedState> => captureTable(simulator, clock, 'orders');
function follow(state: FollowedState): Following {
  following = startFollowing({ simulator, clock, table: 'orders', state });
  return following;
}
/** Follows until everything that was written is there, and stops. */
async function readAll(state: FollowedState): Promise<void> {
  clock.advance(1_000);
  const nowMs = clock.now();
  const { until, follower, stop } = follow(state);
  await until(() => follower.isCaughtUpWith(nowMs));
  await stop();
}
const openShards = (): readonly string[] => simulator.streams.openShardIds('orders');
const onlyShard = (): string => openShards()[0] ?? '';
const gap = (kind: string, members: object = {}) => expect.objectContaining({ name: 'StreamGap', kind, ...members });

describe('lost changes', () => {
  test('of all shards are one gap, from what was verified to now', async () => {
    simulator.streams.setInitialShards('orders', 5);
    const state = await capture();
    for (let key = 0; key < 50; key++) put(`k${key}`, 1);
    await readAll(state);
    const stoppedMs = clock.now();
    for (let key = 0; key < 50; key++) put(`k${key}`, 2);
    clock.advance(25 * HOUR_MS);
    for (let key = 0; key < 50; key++) put(`k${key}`, 3);
    const error = await follow(state).failure();
    expect(error).toEqual(gap('position-trimmed', { toMs: expect.any(Number) }));
    const { shardIds, fromMs, toMs } = error as { shardIds: string[]; fromMs: number; toMs: number };
    expect([...shardIds].sort()).toEqual([...openShards()].sort());
    expect(stoppedMs - fromMs).toBeLessThan(10_000);
    expect(clock.now() - toMs).toBeLessThan(2_000);
  });

  test('of an empty shard are noticed, too: what came first and was trimmed is not skipped', async () => {
    const state = await capture();
    await readAll(state);
    expect(positionOf(state, onlyShard())).toMatch(/^at /);
    put('a', 1);
    clock.advance(3 * HOUR_MS);
    put('a', 2);
    clock.advance(22 * HOUR_MS);
    expect(await follow(state).failure()).toEqual(gap('position-trimmed', { shardIds: [onlyShard()] }));
    expect(state.images.size).toBe(0);
  });

  test('of a captured shard that was not read within 23 hours may have been trimmed', async () => {
    const state = await capture();
    put('a', 1);
    clock.advance(25 * HOUR_MS);
    expect(await follow(state).failure()).toEqual(gap('may-have-been-trimmed'));
  });

  test('of shards that were born, closed and gone unread are known by their children', async () => {
    const state = await capture();
    const parent = onlyShard();
    await readAll(state);
    const child = simulator.streams.roll('orders', parent);
    simulator.streams.hideFromListing('orders', child, 1_000);
    const { until, stop } = follow(state);
    await until(() => positionOf(state, parent) === 'end');
    await stop();
    put('a', 1);
    simulator.streams.roll('orders', child);
    clock.advance(20 * HOUR_MS);
    const orphan = onlyShard();
    simulator.streams.dropShard('orders', child);
    expect(await follow(state).failure()).toEqual(gap('parent-lost', { shardIds: [orphan] }));
  });

  test('of a shard that is gone after 23 hours: it is asked twice', async () => {
    const state = await capture();
    const shard = onlyShard();
    put('a', 1);
    await readAll(state);
    put('a', 2);
    simulator.streams.roll('orders', shard);
    clock.advance(27 * HOUR_MS);
    const startedMs = clock.now();
    expect(await follow(state).failure()).toEqual(gap('shard-lost', { shardIds: [shard] }));
    expect(clock.now() - startedMs).toBeGreaterThanOrEqual(30_000);
  });

  test('of an open shard that is refused for half a minute', async () => {
    const state = await capture();
    simulator.faults.add({ action: 'GetRecords', times: 'always', fault: { kind: 'false-trim' } });
    expect(await follow(state).failure()).toEqual(gap('position-trimmed', { shardIds: [onlyShard()] }));
  });

  test('do not keep other shards from being read', async () => {
    simulator.streams.setInitialShards('orders', 2);
    const [refused = '', other = ''] = openShards();
    const state = await capture();
    simulator.faults.add({ action: 'GetRecords', shard: refused, times: 'always', fault: { kind: 'false-trim' } });
    for (let key = 0; key < 20; key++) put(`k${key}`, 1);
    expect(await follow(state).failure()).toEqual(gap('position-trimmed', { shardIds: [refused] }));
    expect(positionOf(state, other)).toMatch(/^after /);
  });
});

describe('what is no gap', () => {
  test('a shard that says once that records are trimmed: it is read from its oldest, nothing twice', async () => {
    const state = await capture();
    put('a', 1);
    const { until, pass, warnings } = follow(state);
    await until(() => state.images.has('a'));
    simulator.faults.add({ action: 'GetRecords', fault: { kind: 'false-trim' } });
    put('a', 2);
    await pass(70_000);
    put('a', 3);
    await until(() => state.images.get('a')?.length === 3);
    expect(state.images.get('a')).toEqual(['1', '2', '3']);
    expect(warnings).toEqual([expect.stringContaining('trimmed')]);
  });

  test('a closed shard that is refused while nothing in it can be trimmed: it is empty', async () => {
    const state = await capture();
    const shard = onlyShard();
    put('a', 1);
    await readAll(state);
    simulator.streams.roll('orders', shard);
    put('a', 2);
    clock.advance(22 * HOUR_MS);
    simulator.streams.trimBefore('orders', clock.now() - 1_000);
    put('a', 3);
    simulator.faults.add({ action: 'GetRecords', shard, times: 'always', fault: { kind: 'false-trim' } });
    const { until } = follow(state);
    await until(() => positionOf(state, shard) === 'end');
    expect(positionOf(state, onlyShard())).not.toBeNull();
  });

  test('a shard that listings lack for minutes', async () => {
    const state = await capture();
    put('a', 1);
    simulator.streams.hideFromListing('orders', onlyShard(), 5);
    const { until, pass } = follow(state);
    await pass(3 * 60_000);
    put('a', 2);
    await until(() => state.images.get('a')?.length === 2);
  });

  test('parents that listings show after their children', async () => {
    simulator.streams.setInitialShards('orders', 120);
    const state = await capture();
    simulator.streams.listChildrenFirst('orders', true);
    simulator.streams.rollAll('orders');
    for (const shard of openShards().slice(0, 60)) simulator.streams.hideFromListing('orders', shard, 1);
    simulator.streams.rollAll('orders');
    put('a', 1);
    await readAll(state);
    expect(state.images.get('a')).toEqual(['1']);
    expect(shardIdsOf(state).length).toBe(360);
  });

  test('everything not found while access is cut off', async () => {
    const state = await capture();
    put('a', 1);
    const { until, pass } = follow(state);
    await until(() => state.images.has('a'));
    const fault = {
      kind: 'error',
      error: 'ResourceNotFoundException',
      message: 'Requested resource not found',
    } as const;
    simulator.faults.add({ untilMs: clock.now() + 25_000, fault });
    await pass(60_000);
    put('a', 2);
    await until(() => state.images.get('a')?.length === 2);
    expect(state.images.get('a')).toEqual(['1', '2']);
  });

  test('a first number that an endpoint does not take for a position, within 23 hours', async () => {
    const state = await capture();
    await readAll(state);
    simulator.faults.add({ action: 'GetShardIterator', times: 'always', fault: { kind: 'refuse-start' } });
    put('a', 1);
    await readAll(state);
    expect(state.images.get('a')).toEqual(['1']);
  });

  test('the same after 23 hours may be one', async () => {
    const state = await capture();
    await readAll(state);
    simulator.faults.add({ action: 'GetShardIterator', times: 'always', fault: { kind: 'refuse-start' } });
    put('a', 1);
    clock.advance(23.5 * HOUR_MS);
    expect(await follow(state).failure()).toEqual(gap('may-have-been-trimmed'));
  });

  test('a finished shard that leaves the listings: it is forgotten when its child is known', async () => {
    const state = await capture();
    const parent = onlyShard();
    simulator.streams.roll('orders', parent);
    await readAll(state);
    clock.advance(20 * HOUR_MS);
    await readAll(state);
    // Two hours after its last record could have expired the shard is listed no longer.
    clock.advance(6.5 * HOUR_MS);
    simulator.streams.roll('orders', onlyShard());
    const { until } = follow(state);
    await until(() => positionOf(state, parent) === null);
    expect(state.events.at(-1)).toBe(`pruned ${parent}`);
  });
});

describe('the stream itself', () => {
  test('is lost when it is disabled, after everything in it was handed over', async () => {
    const state = await capture();
    put('a', 1);
    await readAll(state);
    put('a', 2);
    await updateStream({ StreamEnabled: false });
    expect(await follow(state).failure()).toEqual(gap('stream-disabled', { shardIds: [] }));
    expect(state.images.get('a')).toEqual(['1', '2']);
  });

  test('is lost when it does not exist twice', async () => {
    const state = await capture();
    const fault = {
      kind: 'error',
      error: 'ResourceNotFoundException',
      message: 'Requested resource not found',
    } as const;
    simulator.faults.add({ action: 'DescribeStream', times: 'always', fault });
    const startedMs = clock.now();
    expect(await follow(state).failure()).toEqual(gap('stream-disabled'));
    expect(clock.now() - startedMs).toBeGreaterThanOrEqual(30_000);
  });

  test('is of no use without new images', async () => {
    await simulatorRequest('DeleteTable', { TableName: 'orders' });
    createTable('KEYS_ONLY');
    const state = await capture();
    expect(await follow(state).failure()).toEqual(gap('view-type-changed'));
  });

  test('that is denied is an error', async () => {
    const state = await capture();
    simulator.faults.add({ action: 'DescribeStream', times: 'always', fault: { kind: 'access-denied' } });
    expect(await follow(state).failure()).toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

const updateStream = (specification: object): Promise<void> =>
  simulatorRequest('UpdateTable', { TableName: 'orders', StreamSpecification: specification });

async function simulatorRequest(action: string, body: object): Promise<void> {
  const response = await fetch(simulator.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${action}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=LOCAL/20260101/us-east-1/dynamodb/aws4_request',
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
}
