import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FollowedOrders, followedOrders, HOUR_MS } from '../../test/support/followed-orders.ts';
import type { MemoryLoadOptions } from '../load/memory/memory-load.ts';
import { memoryKey } from '../load/memory/memory-store.ts';
import { TributaryError } from '../platform/errors.ts';

const ORDERS = memoryKey({ source: 'shop', table: 'orders' });

let orders: FollowedOrders;

beforeEach(async () => {
  orders = await followedOrders();
});
afterEach(() => orders.simulator.close());

describe('replicateLogBased', () => {
  test('a snapshot, then what changes: updates, deletes, re-inserts', async () => {
    orders.put('a', 1);
    orders.put('b', 1);
    orders.put('c', 1);
    await orders.run();
    expect(orders.alive()).toEqual({ a: 1, b: 1, c: 1 });
    expect(orders.state()?.phase).toBe('following');
    orders.put('a', 2);
    orders.remove('b');
    orders.remove('c');
    orders.put('c', 3);
    orders.put('d', 4);
    await orders.run();
    expect(orders.alive()).toEqual({ a: 2, c: 3, d: 4 });
    const deleted = orders.rows().find(({ pk }) => pk === 'b');
    expect(deleted).toMatchObject({ pk: 'b', _sdc_deleted_at: expect.any(String) });
    expect(deleted).not.toHaveProperty('v');
  });

  test('hard deletes remove the row, also one that was deleted while the snapshot was read', async () => {
    for (const pk of ['a', 'b', 'c']) orders.put(pk, 1);
    let isDeleted = false;
    orders.simulator.onRequest(({ action }) => {
      if (action !== 'Scan' || isDeleted) return;
      isDeleted = true;
      orders.remove('a');
    });
    await orders.run({ deletes: 'hard' });
    orders.remove('b');
    await orders.run({ deletes: 'hard' });
    expect(orders.rows().map(({ pk }) => pk)).toEqual(['c']);
  });

  test('a table that stays quiet is read on from its bookmarks after a day, without a gap', async () => {
    orders.put('a', 1);
    await orders.run();
    orders.clock.jump(20 * HOUR_MS);
    await orders.run();
    orders.clock.jump(20 * HOUR_MS);
    orders.put('a', 2);
    await orders.run();
    expect(orders.alive()).toEqual({ a: 2 });
    expect(orders.gaps()).toEqual([]);
  });

  test('an outage of more than a day is a gap, and the table is read again in place', async () => {
    for (const pk of ['a', 'b', 'c', 'd', 'e']) orders.put(pk, 1);
    await orders.run();
    const version = orders.state()?.liveVersion;
    orders.put('a', 2);
    orders.remove('b');
    orders.clock.jump(26 * HOUR_MS);
    orders.put('c', 3);
    await orders.run();
    expect(orders.alive()).toEqual({ a: 2, c: 3, d: 1, e: 1 });
    expect(orders.state()).toMatchObject({ phase: 'following', liveVersion: version });
    expect(orders.rows().find(({ pk }) => pk === 'b')).toMatchObject({ v: 1, _sdc_deleted_at: expect.any(String) });
    expect(orders.gaps()).toMatchObject([{ reaction: 'resync', resolvedAtMs: expect.any(Number), version }]);
  });

  test('under the policy fail the table waits, and says so again', async () => {
    orders.put('a', 1);
    await orders.run();
    orders.put('a', 2);
    orders.clock.jump(26 * HOUR_MS);
    await expect(orders.run({ onGap: 'fail' })).rejects.toMatchObject({ code: 'GAP_WAITS' });
    await expect(orders.run({ onGap: 'fail' })).rejects.toMatchObject({ code: 'GAP_WAITS' });
    expect(orders.alive()).toEqual({ a: 1 });
    expect(orders.gaps()).toMatchObject([{ reaction: 'waits', resolvedAtMs: null }]);
    expect(orders.state()?.phase).toBe('gap');
  });

  test('a second gap within a day waits for a person', async () => {
    orders.put('a', 1);
    await orders.run();
    orders.put('a', 2);
    orders.clock.jump(26 * HOUR_MS);
    await orders.run();
    orders.put('a', 3);
    orders.clock.jump(26 * HOUR_MS);
    const table = orders.store.tables.get(ORDERS);
    if (table !== undefined) orders.store.tables.set(ORDERS, { ...table, lastResyncAtMs: orders.clock.now() });
    await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    expect(orders.gaps()).toHaveLength(2);
  });

  test('a table that was deleted and created again under its name is read again in place', async () => {
    orders.put('a', 1);
    orders.put('b', 1);
    orders.put('c', 1);
    await orders.run();
    await orders.send('DeleteTable', { TableName: 'orders' });
    orders.createTable();
    orders.put('a', 2);
    orders.put('c', 2);
    await orders.run();
    expect(orders.alive()).toEqual({ a: 2, c: 2 });
    expect(orders.gaps()).toMatchObject([{ kind: 'table-replaced', resolvedAtMs: expect.any(Number) }]);
  });

  test('a stream that was disabled and enabled again is a gap, whatever was written in between', async () => {
    orders.put('a', 1);
    await orders.run();
    await setStream(null);
    orders.put('a', 2);
    await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    await expect(orders.run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    expect(orders.gaps()).toMatchObject([{ kind: 'stream-disabled', resolvedAtMs: null }]);
    await setStream('NEW_IMAGE');
    await orders.run();
    expect(orders.alive()).toEqual({ a: 2 });
    expect(orders.gaps().map(({ kind }) => kind)).toEqual(['stream-disabled', 'stream-replaced']);
    expect(orders.gaps().every(({ resolvedAtMs }) => resolvedAtMs !== null)).toBe(true);
  });

  test('what a snapshot has read late does not bring back what the stream has deleted', async () => {
    for (const pk of ['a', 'b', 'c']) orders.put(pk, 1);
    let hasWaited = false;
    const faults: MemoryLoadOptions = {
      // The pages of the Scan are held until the delete of one of their rows is on its way.
      beforeCommit: async () => {
        if (hasWaited) return;
        hasWaited = true;
        orders.remove('a');
        orders.put('b', 2);
      },
    };
    await orders.run({ faults });
    expect(orders.alive()).toEqual({ b: 2, c: 1 });
  });

  test('the third gap of one snapshot ends it', async () => {
    orders.put('a', 1);
    // No first page is looked at, so that the Scan begins when the gap is recorded.
    orders.simulator.tables.reportStatistics('orders', { itemCount: 20_000, sizeBytes: 1 });
    const interruptedAfter = async (gapCount: number): Promise<void> => {
      const stop = orders.simulator.onRequest(async ({ action }) => {
        while (action === 'Scan' && orders.gaps().length < gapCount)
          await new Promise((resolve) => setTimeout(resolve, 1));
      });
      const beforeCommit = (): never => {
        throw new TributaryError('DESTINATION_FAILED', 'The process died here');
      };
      await expect(orders.run({ faults: { beforeCommit } })).rejects.toMatchObject({ code: 'DESTINATION_FAILED' });
      stop();
      orders.put('a', 2);
      orders.clock.jump(26 * HOUR_MS);
    };
    await interruptedAfter(0);
    await interruptedAfter(1);
    await interruptedAfter(2);
    await expect(orders.run()).rejects.toMatchObject({ code: 'SNAPSHOT_FAILED' });
    expect(orders.gaps().map(({ reaction }) => reaction)).toEqual(['resync', 'resync', 'failed']);
    expect(orders.state()?.phase).toBe('failed');
  });

  test('a run without end goes on through outages of the source and the destination', async () => {
    orders.put('a', 1);
    const stop = new AbortController();
    let failures = 2;
    let resolveSeen = (): void => {};
    const seen = new Promise<void>((resolve) => {
      resolveSeen = resolve;
    });
    const faults: MemoryLoadOptions = {
      beforeCommit: () => {
        if (orders.state()?.phase !== 'following' || failures === 0) return;
        failures -= 1;
        throw new TributaryError('DESTINATION_LOCKED', 'Somebody has it open');
      },
      afterCommit: () => {
        if (orders.alive()['a'] === 2) resolveSeen();
        else if (orders.state()?.phase === 'following') orders.put('a', 2);
      },
    };
    const running = orders.run({ faults, signal: stop.signal, onCaughtUp: null });
    await untilFollowing();
    orders.put('a', 2);
    await seen;
    stop.abort(new TributaryError('CANCELLED', 'stopped by a person'));
    await expect(running).resolves.toMatchObject({ rowCount: 1 });
    expect(failures).toBe(0);
  });

  test('a run without end waits for a table that was deleted, and reads the one that is created in its place', async () => {
    orders.put('a', 1);
    const stop = new AbortController();
    let resolveRead = (): void => {};
    const isRead = new Promise<void>((resolve) => {
      resolveRead = resolve;
    });
    const faults: MemoryLoadOptions = {
      afterCommit: () => {
        if (orders.alive()['a'] === 5) resolveRead();
      },
    };
    const running = orders.run({ faults, signal: stop.signal, onCaughtUp: null });
    await untilFollowing();
    await orders.send('DeleteTable', { TableName: 'orders' });
    await orders.simulator.requests.reached({ action: 'DescribeTable', error: 'ResourceNotFoundException' }, 2);
    orders.createTable();
    orders.put('a', 5);
    await isRead;
    stop.abort(new TributaryError('CANCELLED', 'stopped by a person'));
    await running.catch(() => {});
    expect(orders.gaps().map(({ kind }) => kind)).toContain('table-replaced');
  });
});

async function untilFollowing(): Promise<void> {
  while (orders.state()?.phase !== 'following') await new Promise((resolve) => setTimeout(resolve, 1));
}

async function setStream(viewType: string | null): Promise<void> {
  const specification =
    viewType === null ? { StreamEnabled: false } : { StreamEnabled: true, StreamViewType: viewType };
  await orders.send('UpdateTable', { TableName: 'orders', StreamSpecification: specification });
}
