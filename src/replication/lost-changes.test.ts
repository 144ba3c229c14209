import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FollowedOrders, followedOrders, HOUR_MS } from '../../test/support/followed-orders.ts';
import type { MemoryLoadOptions } from '../load/memory/memory-load.ts';
import { memoryKey } from '../load/memory/memory-store.ts';
import type { GapKind } from '../model/gap.ts';
import { shardUnit } from '../model/unit.ts';
import { TributaryError } from '../platform/errors.ts';

const DAY_MS = 24 * HOUR_MS;
const ORDERS = memoryKey({ source: 'shop', table: 'orders' });

let orders: FollowedOrders;

beforeEach(async () => {
  orders = await followedOrders();
  orders.simulator.streams.setRollEvery('orders', null);
  for (let index = 0; index < 20; index++) orders.put(`key-${index}`, 1);
});
afterEach(() => orders.simulator.close());

const setStream = (viewType: string | null): Promise<void> =>
  orders.send('UpdateTable', {
    TableName: 'orders',
    StreamSpecification:
      viewType === null ? { StreamEnabled: false } : { StreamEnabled: true, StreamViewType: viewType },
  });
const openShard = (): string => orders.simulator.streams.openShardIds('orders')[0] ?? '';

/** Each way of losing changes: what happens while nobody reads, in a table whose `key-0` is then 2. */
const LOSSES: readonly (readonly [kind: GapKind, lose: () => Promise<void> | void])[] = [
  [
    'position-trimmed',
    () => {
      orders.put('key-0', 2);
      orders.clock.jump(DAY_MS + HOUR_MS);
    },
  ],
  [
    'shard-lost',
    () => {
      const shard = openShard();
      orders.put('key-0', 2);
      orders.simulator.streams.roll('orders', shard);
      orders.clock.jump(DAY_MS);
      orders.simulator.streams.dropShard('orders', shard);
    },
  ],
  [
    'stream-replaced',
    async () => {
      await setStream(null);
      orders.put('key-0', 2);
      await setStream('NEW_IMAGE');
    },
  ],
  [
    'table-replaced',
    async () => {
      await orders.send('DeleteTable', { TableName: 'orders' });
      orders.createTable();
      for (let index = 0; index < 20; index++) orders.put(`key-${index}`, index === 0 ? 2 : 1);
    },
  ],
];

describe('a gap', () => {
  test.each(LOSSES)(
    'of the kind %s is recorded and repaired, and readers see a whole table meanwhile',
    async (kind, lose) => {
      await orders.run();
      await lose();
      const seen = new Set<number>();
      const look = (): void => {
        seen.add(Object.keys(orders.alive()).length);
      };
      await orders.run({ faults: { beforeCommit: look, afterCommit: look } });
      expect(orders.alive()).toMatchObject({ 'key-0': 2, 'key-19': 1 });
      expect(seen).toEqual(new Set([20]));
      expect(orders.gaps()).toMatchObject([{ kind, reaction: 'resync', resolvedAtMs: expect.any(Number) }]);
      expect(orders.state()?.phase).toBe('following');
    },
  );

  test('of a whole shard between one that was drained and one that is listed is noticed', async () => {
    await orders.run();
    const first = openShard();
    const second = orders.simulator.streams.roll('orders', first);
    // The child is not listed yet when the run is stopped, after the end of its parent.
    orders.simulator.streams.hideFromListing('orders', second, 1_000);
    const stop = new AbortController();
    const unhook = orders.simulator.onRequest(() => {
      const units = orders.store.tables.get(ORDERS)?.loading?.units;
      if (units?.get(shardUnit(first))?.position === 'end') stop.abort(new Error('stopped by the test'));
    });
    await expect(orders.run({ signal: stop.signal })).rejects.toThrow('stopped by the test');
    unhook();
    orders.put('key-0', 2);
    orders.simulator.streams.roll('orders', second);
    orders.clock.jump(DAY_MS + 6 * HOUR_MS);
    orders.put('key-1', 3);
    await orders.run();
    expect(orders.gaps()).toMatchObject([{ kind: 'parent-lost' }]);
    expect(orders.alive()).toMatchObject({ 'key-0': 2, 'key-1': 3 });
  });

  test('while the snapshot is read does not freeze what the stream had brought before', async () => {
    let commits = 0;
    const afterTwoCommits: MemoryLoadOptions = {
      beforeCommit: () => {
        commits += 1;
        if (commits > 2) throw new TributaryError('DESTINATION_FAILED', 'The process died here');
      },
    };
    // The Scan stands still until the stream has brought version 2 of a key.
    const stop = orders.simulator.onRequest(async ({ action }) => {
      if (action !== 'Scan') return;
      while (orders.alive()['key-0'] !== 2) await new Promise((resolve) => setTimeout(resolve, 1));
    });
    orders.simulator.tables.reportStatistics('orders', { itemCount: 20_000, sizeBytes: 1 });
    const running = orders.run({ faults: afterTwoCommits });
    orders.put('key-0', 2);
    await expect(running).rejects.toMatchObject({ code: 'DESTINATION_FAILED' });
    expect(orders.state()?.phase).toBe('snapshotting');
    stop();
    orders.put('key-0', 3);
    orders.clock.jump(DAY_MS + HOUR_MS);
    await orders.run();
    expect(orders.gaps()).toHaveLength(1);
    expect(orders.alive()).toMatchObject({ 'key-0': 3, 'key-1': 1 });
  });

  test.each(['snapshot', 'rewind'])(
    'in old changes that are applied again (%s) does not leave their values',
    async (when) => {
      // Version 1 of every key is in the stream, an hour later version 2.
      orders.clock.jump(HOUR_MS);
      for (let index = 0; index < 20; index++) orders.put(`key-${index}`, 2);
      orders.clock.jump(18 * HOUR_MS);
      if (when === 'rewind') {
        await orders.run();
        await orders.rewind();
      }
      const { faults } = orders.simulator;
      faults.add({ action: 'GetRecords', times: 'always', fault: { kind: 'short-page', records: 8 } });
      let isDead = false;
      const diesAfterChanges: MemoryLoadOptions = {
        beforeCommit: () => {
          if (isDead) throw new TributaryError('DESTINATION_FAILED', 'The process died here');
        },
        afterCommit: ({ moves }) => {
          isDead = moves.some(({ unit, from, to }) => unit.startsWith('shard:') && from !== to);
          if (isDead) throw new TributaryError('DESTINATION_FAILED', 'The process died here');
        },
      };
      const dying = orders.run({ faults: diesAfterChanges, flushIntervalMs: 1, segmentConcurrency: 1 });
      await expect(dying).rejects.toMatchObject({ code: 'DESTINATION_FAILED' });
      faults.clear();
      orders.clock.jump(12 * HOUR_MS);
      await orders.run();
      expect(orders.gaps()).toMatchObject([{ kind: 'position-trimmed' }]);
      expect(new Set(Object.values(orders.alive()))).toEqual(new Set([2]));
    },
  );

  test('does not erase what only the destination has', async () => {
    // The destination is the archive: expired items stay in it.
    const options = {
      records: { deletedImage: 'key', ttlDeletes: 'ignore' },
      keepExpiredBy: async () => 'expires',
    } as const;
    const soon = Math.floor(orders.clock.now() / 1000) + 60;
    const expiring = { pk: { S: 'key-expired' }, v: { N: '1' }, expires: { N: String(soon) } };
    orders.simulator.tables.putItems('orders', [expiring]);
    await orders.run(options);
    orders.simulator.streams.expireItems('orders', [{ pk: { S: 'key-expired' } }]);
    orders.remove('key-1');
    orders.clock.jump(DAY_MS + HOUR_MS);
    await orders.run(options);
    expect(orders.alive()).toMatchObject({ 'key-expired': 1, 'key-2': 1 });
    expect(orders.rows().find(({ pk }) => pk === 'key-1')).toMatchObject({ v: 1, _sdc_deleted_at: expect.any(String) });
  });

  test('that would delete more than half of the rows waits for a person', async () => {
    await orders.run();
    for (let index = 0; index < 15; index++) orders.remove(`key-${index}`);
    orders.clock.jump(DAY_MS + HOUR_MS);
    await expect(orders.run()).rejects.toMatchObject({ code: 'SHRINK_REFUSED' });
    expect(Object.keys(orders.alive())).toHaveLength(20);
    await orders.run({ allowShrink: true });
    expect(Object.keys(orders.alive())).toHaveLength(5);
  });

  test('is no false alarm: access that is denied for a while, a shard that one listing lacks', async () => {
    await orders.run();
    orders.put('key-0', 2);
    const { faults, streams } = orders.simulator;
    faults.add({ action: 'GetShardIterator', times: 'always', fault: { kind: 'access-denied' } });
    await expect(orders.run()).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    faults.clear();
    streams.hideFromListing('orders', openShard(), 1);
    await orders.run();
    faults.add({ action: 'GetRecords', fault: { kind: 'false-trim' } });
    await orders.run();
    expect(orders.alive()).toMatchObject({ 'key-0': 2 });
    expect(orders.gaps()).toEqual([]);
  });

  test('with the stream disabled for good waits, and is not recorded twice', async () => {
    await orders.run();
    await setStream(null);
    await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    await setStream('KEYS_ONLY');
    await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    expect(orders.gaps()).toMatchObject([{ kind: 'stream-disabled', resolvedAtMs: null }]);
  });
});

test('a table whose resync is interrupted by a disabled stream goes on by itself when there is one', async () => {
  await orders.run();
  orders.put('key-0', 2);
  orders.clock.jump(DAY_MS + HOUR_MS);
  const dies: MemoryLoadOptions = {
    beforeCommit: () => {
      if (orders.gaps().length > 0) throw new TributaryError('DESTINATION_FAILED', 'The process died here');
    },
  };
  await expect(orders.run({ faults: dies })).rejects.toMatchObject({ code: 'DESTINATION_FAILED' });
  expect(orders.state()?.phase).toBe('resyncing');
  await setStream(null);
  await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
  await setStream('NEW_IMAGE');
  await orders.run();
  expect(orders.alive()).toMatchObject({ 'key-0': 2 });
  expect(orders.gaps().map(({ kind }) => kind)).toEqual(['position-trimmed', 'stream-disabled', 'stream-replaced']);
  expect(orders.gaps().every(({ resolvedAtMs }) => resolvedAtMs !== null)).toBe(true);
});

test('under the policy fail one gap is recorded once, however often it is met', async () => {
  await orders.run({ onGap: 'fail' });
  await setStream(null);
  await setStream('NEW_IMAGE');
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(orders.run({ onGap: 'fail' })).rejects.toMatchObject({ code: 'GAP_WAITS' });
  }
  expect(orders.gaps()).toMatchObject([{ kind: 'stream-replaced', reaction: 'waits' }]);
});

test('a stream that was disabled between two runs is read to its end first', async () => {
  await orders.run();
  orders.put('key-0', 2);
  orders.remove('key-1');
  await setStream(null);
  orders.put('key-2', 3);
  await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
  expect(orders.alive()).toMatchObject({ 'key-0': 2, 'key-2': 1 });
  expect(orders.alive()).not.toHaveProperty('key-1');
  expect(orders.gaps()).toMatchObject([{ kind: 'stream-disabled', resolvedAtMs: null }]);
});

test('a stream without new images is a gap that ends when there is one with them', async () => {
  await orders.run();
  await setStream(null);
  orders.put('key-0', 2);
  await setStream('KEYS_ONLY');
  await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
  expect(orders.gaps()).toMatchObject([{ kind: 'view-type-changed', resolvedAtMs: null }]);
  await setStream(null);
  await setStream('NEW_IMAGE');
  await orders.run();
  expect(orders.alive()).toMatchObject({ 'key-0': 2 });
  expect(orders.gaps().every(({ resolvedAtMs }) => resolvedAtMs !== null)).toBe(true);
});

test('a shard whose first number is refused, and that was listed too long ago, may have lost changes', async () => {
  const { faults, streams } = orders.simulator;
  await orders.run();
  // A child that is part of the state and was never read.
  streams.roll('orders', openShard());
  await orders.run();
  orders.put('key-0', 2);
  orders.clock.jump(DAY_MS + HOUR_MS);
  faults.add({ action: 'GetShardIterator', times: 4, fault: { kind: 'refuse-start' } });
  await orders.run();
  expect(orders.gaps()).toMatchObject([{ kind: 'may-have-been-trimmed' }]);
  expect(orders.alive()).toMatchObject({ 'key-0': 2 });
});

test('a destination that was restored goes on from what it holds, not from where the process had got to', async () => {
  await orders.run();
  const table = orders.store.tables.get(ORDERS);
  const backup = table && structuredClone(table);
  orders.put('key-0', 2);
  orders.remove('key-1');
  await orders.run();
  if (backup) orders.store.tables.set(ORDERS, backup);
  await orders.run();
  expect(orders.alive()).toMatchObject({ 'key-0': 2 });
  expect(orders.alive()).not.toHaveProperty('key-1');
});
