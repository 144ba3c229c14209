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
    clock.advance(1_000);
    const nowMs = clock.now();
    expect(follower.isCaughtUpWith(nowMs)).toBe(false);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(state.images.get('a')).toEqual(['1', '2', null]);
    expect(positionOf(state, onlyShard())).toMatch(/^after \d+$/);
  });

  test('goes on from the positions that it is given, and reads nothing twice', async () => {
    const state = await capture();
    put('a', 1);
    const first = follow(state);
    await first.until(() => state.images.has('a'));
    await first.stop();
    put('a', 2);
    const second = follow(state);
    await second.until(() => state.images.get('a')?.length === 2);
    await second.pass(10_000);
    expect(state.images.get('a')).toEqual(['1', '2']);
  });

  test('reads parents before children through rolls and splits, and opens children once', async () => {
    simulator.streams.setInitialShards('orders', 3);
    const state = await capture();
    const written = simulator.streams.collectImages('orders');
    for (let round = 0; round < 6; round++) {
      for (let key = 0; key < 12; key++) put(`k${key}`, round);
      clock.advance(60_000);
      simulator.streams.rollAll('orders');
      simulator.streams.split('orders', simulator.streams.openShardIds('orders')[0] ?? '');
    }
    const nowMs = clock.now();
    const { until, follower } = follow(state);
    await until(() => follower.isCaughtUpWith(nowMs));
    for (const [key, images] of written) {
      const values = images.map((image) => (image === null ? null : JSON.parse(image).v.N));
      expect(state.images.get(JSON.parse(key).pk.S)).toEqual(values);
    }
    expect(follower.stats.openShards).toBe(simulator.streams.openShardIds('orders').length);
    expect(state.units.size).toBe(simulator.streams.shards('orders').length);
  });

  test('children begin in the commit in which their parent ends, at their first number', async () => {
    const state = await capture();
    const parent = onlyShard();
    const { until, pass } = follow(state);
    put('a', 1);
    await pass(5_000);
    const child = simulator.streams.roll('orders', parent);
    // A listing shows the child while its parent still has records to read.
    await until(() => positionOf(state, child) !== null);
    expect(positionOf(state, parent)).toBe('end');
    const first = simulator.streams.shards('orders').find(({ id }) => id === child)?.startingSequenceNumber;
    expect(positionOf(state, child)).toBe(`at ${first}`);
    expect(state.events.slice(-2)).toEqual([`finished ${parent}`, `opened ${child}`]);
  });

  test('captured children wait for their captured parent, and hear of its end', async () => {
    const parent = onlyShard();
    const state = await capture();
    clock.advance(5_000);
    put('a', 1);
    const child = simulator.streams.roll('orders', parent);
    put('a', 2);
    // As if both had been listed when the version began.
    const captured = state.units.get(shardUnit(parent));
    if (!captured?.shard) throw new Error('The parent is a unit');
    const unit = shardUnit(child);
    state.units.set(unit, { ...captured, unit, shard: { ...captured.shard, parent } });
    const ends: unknown[] = [];
    const verified = (shardId: string): number => state.units.get(shardUnit(shardId))?.shard?.verifiedThroughMs ?? 0;
    const { until } = follow(state, { onFinished: (end) => ends.push(end) });
    await until(() => positionOf(state, parent) === 'end');
    expect(verified(child)).toBeGreaterThanOrEqual(verified(parent));
    await until(() => state.images.get('a')?.length === 2);
    expect(state.images.get('a')).toEqual(['1', '2']);
    expect(ends).toEqual([expect.objectContaining({ shardId: parent, children: [], waiting: [child] })]);
  });

  test('a child that is listed late is found, and until then nothing is caught up', async () => {
    const state = await capture();
    const parent = onlyShard();
    const { until, pass, follower } = follow(state);
    await pass(5_000);
    const child = simulator.streams.roll('orders', parent);
    simulator.streams.hideFromListing('orders', child, 3);
    put('a', 1);
    const nowMs = clock.now();
    await until(() => positionOf(state, parent) === 'end');
    expect(state.events.at(-1)).toBe(`finished ${parent}`);
    expect(follower.isCaughtUpWith(nowMs)).toBe(false);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(state.images.get('a')).toEqual(['1']);
  });

  test('a child that listings lack for minutes keeps the follower from being caught up, and is counted', async () => {
    const state = await capture();
    const parent = onlyShard();
    const { until, pass, follower } = follow(state);
    await pass(5_000);
    expect(follower.searchedShards(clock.now())).toEqual([]);
    const child = simulator.streams.roll('orders', parent);
    simulator.streams.hideFromListing('orders', child, 60);
    put('a', 1);
    const nowMs = clock.now();
    await until(() => positionOf(state, parent) === 'end');
    await pass(3 * 60_000);
    expect(follower.isCaughtUpWith(nowMs)).toBe(false);
    expect(follower.searchedShards(nowMs)).toEqual([parent]);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(state.images.get('a')).toEqual(['1']);
    expect(follower.searchedShards(nowMs)).toEqual([]);
  });

  test('half of a shard that was split may be listed late: until then nothing is caught up', async () => {
    const state = await capture();
    const parent = onlyShard();
    const { until, pass, follower } = follow(state);
    await pass(5_000);
    const halves = simulator.streams.split('orders', parent);
    for (const key of ['a', 'b', 'c', 'd']) put(key, 1);
    const nowMs = clock.now();
    for (const half of halves.slice(1)) simulator.streams.hideFromListing('orders', half, 2);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect([...state.images.keys()].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('what a shard had after a time keeps nothing from being caught up with that time', async () => {
    const state = await capture();
    const parent = onlyShard();
    const { until, follower } = follow(state);
    const nowMs = clock.now();
    await until(() => follower.isCaughtUpWith(nowMs));
    simulator.streams.hideFromListing('orders', simulator.streams.roll('orders', parent), 3);
    await until(() => positionOf(state, parent) === 'end');
    expect(follower.searchedShards(clock.now())).toEqual([parent]);
    expect(follower.isCaughtUpWith(nowMs)).toBe(true);
  });

  test('records that appear late are not missed by what is said to be caught up', async () => {
    simulator.streams.setPropagationDelay('orders', 1_500);
    const state = await capture();
    const { until, follower } = follow(state);
    for (let value = 1; value <= 20; value++) {
      put('a', value);
      clock.advance(100);
      const nowMs = clock.now();
      follower.hurry(nowMs);
      await until(() => follower.isCaughtUpWith(nowMs));
      expect(state.images.get('a')?.length).toBe(value);
    }
  });

  test('one empty answer proves nothing: records may come behind it', async () => {
    const state = await capture();
    put('a', 1);
    simulator.faults.add({ action: 'GetRecords', times: 4, fault: { kind: 'empty-page' } });
    const nowMs = clock.now() + 1_000;
    clock.advance(2_000);
    const { until, follower } = follow(state);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(state.images.get('a')).toEqual(['1']);
  });

  test('empty answers of a closed shard prove nothing before its end', async () => {
    const state = await capture();
    put('a', 1);
    clock.advance(60_000);
    simulator.streams.rollAll('orders');
    simulator.faults.add({ action: 'GetRecords', times: 20, fault: { kind: 'empty-page' } });
    const nowMs = clock.now();
    const { until, follower } = follow(state);
    await until(() => follower.isCaughtUpWith(nowMs));
    expect(state.images.get('a')).toEqual(['1']);
  });

  test('an empty shard leaves its capture for its first number: what is trimmed later cannot be skipped unnoticed', async () => {
    const state = await capture();
    const { until, follower } = follow(state);
    const laterMs = clock.now() + 1_000;
    await until(() => follower.isCaughtUpWith(laterMs));
    const { startingSequenceNumber } = simulator.streams.shards('orders')[0] ?? {};
    expect(positionOf(state, onlyShard())).toBe(`at ${startingSequenceNumber}`);
  });

  test('hurried shards are caught up within seconds, idle ones are asked every five', async () => {
    const state = await capture();
    const { pass, until, follower } = follow(state);
    await pass(60_000);
    const before = simulator.requests.count();
    await pass(60_000);
    expect(simulator.requests.count() - before).toBeLessThanOrEqual(14);
    const atMs = clock.now();
    follower.hurry(atMs);
    await until(() => follower.isCaughtUpWith(atMs));
    expect(clock.now() - atMs).toBeLessThanOrEqual(3_500);
  });

  test('hurried shards keep their pace, however often they are hurried', async () => {
    const state = await capture();
    const { pass, until, follower } = follow(state);
    await pass(60_000);
    const before = simulator.requests.count();
    const startMs = clock.now();
    await until(() => {
      follower.hurry(startMs + 60_000);
      return clock.now() >= startMs + 20_000;
    });
    expect(simulator.requests.count() - before).toBeGreaterThan(30);
    expect(simulator.requests.count() - before).toBeLessThanOrEqual(42);
  });

  test('stops at its signal, with nothing under way and no memory held', async () => {
    const state = await capture();
    const { pass, stop, failure, memory } = follow(state);
    put('a', 1);
    await pass(1_000);
    await stop();
    expect(String(await failure())).toBe('Error: stopped by the test');
    expect(memory.heldBytes).toBe(0);
  });

  test('memory that is not given back holds reading up, and iterators are renewed before they expire', async () => {
    const state = await capture();
    const { pass, until, memory } = follow(state, { isDurableAtOnce: false, memoryBytes: 70_000 });
    for (let value = 0; value < 50; value++) put('a', value);
    await until(() => state.images.has('a'));
    const heldBytes = memory.heldBytes;
    expect(heldBytes).toBeGreaterThan(10_000);
    put('a', 50);
    await pass(20 * 60_000);
    expect(state.images.get('a')?.length).toBe(50);
    memory.release(heldBytes);
    await until(() => state.images.get('a')?.length === 51);
    expect(simulator.requests.count({ error: 'ExpiredIteratorException' })).toBe(0);
  });

  test('no shard is verified ahead of AWS when our clock is set forward', async () => {
    const state = await capture();
    let setForwardMs = 0;
    const ownClock = { ...clock, now: () => clock.now() + setForwardMs };
    const { pass } = follow(state, { ownClock });
    await pass(30_000);
    const verifiedMs = (): number => state.units.get(shardUnit(onlyShard()))?.shard?.verifiedThroughMs ?? 0;
    const beforeMs = verifiedMs();
    setForwardMs = 10 * 60_000;
    await pass(60_000);
    expect(verifiedMs()).toBeGreaterThan(beforeMs);
    expect(verifiedMs()).toBeLessThanOrEqual(clock.now());
  });

  test('iterators that expire early are renewed where the shard stands', async () => {
    const state = await capture();
    const { pass, until } = follow(state);
    put('a', 1);
    await until(() => state.images.has('a'));
    for (let value = 2; value < 6; value++) {
      simulator.streams.expireIterators('orders');
      put('a', value);
      await pass(6_000);
    }
    expect(state.images.get('a')).toEqual(['1', '2', '3', '4', '5']);
  });

  test('a throttled shard waits, the others go on', async () => {
    simulator.streams.setInitialShards('orders', 2);
    const state = await capture();
    const shardOf = (pk: string): string => simulator.streams.shardOf('orders', { pk: { S: pk } });
    const other =
      Array.from({ length: 50 }, (_, index) => `k${index}`).find((pk) => shardOf(pk) !== shardOf('a')) ?? '';
    const fault = { kind: 'throttle', error: 'ProvisionedThroughputExceededException' } as const;
    simulator.faults.add({ action: 'GetRecords', shard: shardOf('a'), untilMs: clock.now() + 60_000, fault });
    put('a', 1);
    put(other, 1);
    let throttles = 0;
    const onThrottle = (): void => {
      throttles += 1;
    };
    const { until } = follow(state, { concurrency: 1, onThrottle });
    await until(() => state.images.has(other));
    expect(state.images.has('a')).toBe(false);
    await until(() => state.images.has('a'));
    expect(throttles).toBeGreaterThan(3);
  });

  test('faults and broken answers are asked again, without loss or repetition', async () => {
    const state = await capture();
    for (const kind of ['wrong-crc32', 'empty-body', 'reset', 'html-503'] as const) {
      simulator.faults.add({ action: 'GetRecords', times: 5, fault: { kind } });
    }
    const { until } = follow(state);
    put('a', 1);
    await until(() => state.images.has('a'));
    put('a', 2);
    await until(() => state.images.get('a')?.length === 2);
    expect(state.images.get('a')).toEqual(['1', '2']);
  });

  test('access that is denied is an error, not a gap', async () => {
    const state = await capture();
    const { failure, pass } = follow(state);
    await pass(1_000);
    simulator.faults.add({ action: 'GetRecords', times: 'always', fault: { kind: 'access-denied' } });
    expect(await failure()).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  test('TTL deletes that are ignored move the position without a row and hold no memory', async () => {
    const state = await capture();
    const { until, memory } = follow(state, { ttlDeletes: 'ignore', isDurableAtOnce: false });
    put('a', 1);
    await until(() => state.images.has('a'));
    const before = memory.heldBytes;
    simulator.streams.expireItems('orders', [{ pk: { S: 'a' } }]);
    const position = positionOf(state, onlyShard());
    await until(() => positionOf(state, onlyShard()) !== position);
    expect(state.images.get('a')).toEqual(['1']);
    expect(memory.heldBytes).toBe(before);
  });
});
