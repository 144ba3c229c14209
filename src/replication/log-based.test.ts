import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHurriedClock, type HurriedClock } from '../../test/support/hurried-clock.ts';
import { runLogBased } from '../../test/support/log-based-run.ts';
import { createMemoryDestination } from '../load/memory/memory.ts';
import type { MemoryLoadOptions } from '../load/memory/memory-load.ts';
import { createMemoryStore, type MemoryStore, memoryKey } from '../load/memory/memory-store.ts';
import { tableState } from '../load/table-ledger.ts';
import type { Gap } from '../model/gap.ts';
import { TributaryError } from '../platform/errors.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';

const HOUR_MS = 3_600_000;
const TARGET = { source: 'shop', table: 'orders' };

let simulator: Simulator;
let clock: HurriedClock;
let store: MemoryStore;

beforeEach(async () => {
  clock = createHurriedClock(2_000);
  simulator = await startSimulator({ clock });
  createTable();
  store = createMemoryStore();
});
afterEach(() => simulator.close());

function createTable(): void {
  simulator.tables.create({
    TableName: 'orders',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
}

const put = (pk: string, v: number): void => {
  simulator.tables.putItems('orders', [{ pk: { S: pk }, v: { N: String(v) } }]);
};
const remove = (pk: string): void => simulator.tables.deleteItems('orders', [{ pk: { S: pk } }]);

type RunOptions = Partial<Parameters<typeof runLogBased>[0]> & { readonly faults?: MemoryLoadOptions };
const run = ({ faults = {}, ...options }: RunOptions = {}) =>
  runLogBased({
    simulator,
    destination: createMemoryDestination(store, faults),
    table: 'orders',
    clock,
    ...options,
  });

interface Row {
  readonly pk: string;
  readonly v?: number;
  readonly _sdc_deleted_at: string | null;
}
function rows(): readonly Row[] {
  const live = store.tables.get(memoryKey(TARGET))?.live;
  return [...(live?.parts.byKey.values() ?? [])].map(({ line }) => JSON.parse(line));
}
const alive = (): Record<string, number | undefined> =>
  Object.fromEntries(rows().flatMap((row) => (row._sdc_deleted_at === null ? [[row.pk, row.v]] : [])));
const state = () => {
  const table = store.tables.get(memoryKey(TARGET));
  return table && { ...table, phase: tableState(table).phase };
};
const gaps = (): readonly Gap[] => [...store.gaps.values()];

describe('replicateLogBased', () => {
  test('a snapshot, then what changes: updates, deletes, re-inserts', async () => {
    put('a', 1);
    put('b', 1);
    put('c', 1);
    await run();
    expect(alive()).toEqual({ a: 1, b: 1, c: 1 });
    expect(state()?.phase).toBe('following');
    put('a', 2);
    remove('b');
    remove('c');
    put('c', 3);
    put('d', 4);
    await run();
    expect(alive()).toEqual({ a: 2, c: 3, d: 4 });
    const deleted = rows().find(({ pk }) => pk === 'b');
    expect(deleted).toMatchObject({ pk: 'b', _sdc_deleted_at: expect.any(String) });
    expect(deleted).not.toHaveProperty('v');
  });

  test('hard deletes remove the row, also one that was deleted while the snapshot was read', async () => {
    for (const pk of ['a', 'b', 'c']) put(pk, 1);
    let isDeleted = false;
    simulator.onRequest(({ action }) => {
      if (action !== 'Scan' || isDeleted) return;
      isDeleted = true;
      remove('a');
    });
    await run({ deletes: 'hard' });
    remove('b');
    await run({ deletes: 'hard' });
    expect(rows().map(({ pk }) => pk)).toEqual(['c']);
  });

  test('a table that stays quiet is read on from its bookmarks after a day, without a gap', async () => {
    put('a', 1);
    await run();
    clock.jump(20 * HOUR_MS);
    await run();
    clock.jump(20 * HOUR_MS);
    put('a', 2);
    await run();
    expect(alive()).toEqual({ a: 2 });
    expect(gaps()).toEqual([]);
  });

  test('an outage of more than a day is a gap, and the table is read again in place', async () => {
    for (const pk of ['a', 'b', 'c', 'd', 'e']) put(pk, 1);
    await run();
    const version = state()?.live?.version;
    put('a', 2);
    remove('b');
    clock.jump(26 * HOUR_MS);
    put('c', 3);
    await run();
    expect(alive()).toEqual({ a: 2, c: 3, d: 1, e: 1 });
    expect(state()).toMatchObject({ phase: 'following', live: { version } });
    expect(rows().find(({ pk }) => pk === 'b')).toMatchObject({ v: 1, _sdc_deleted_at: expect.any(String) });
    expect(gaps()).toMatchObject([{ reaction: 'resync', resolvedAtMs: expect.any(Number), version }]);
  });

  test('under the policy fail the table waits, and says so again', async () => {
    put('a', 1);
    await run();
    put('a', 2);
    clock.jump(26 * HOUR_MS);
    await expect(run({ onGap: 'fail' })).rejects.toMatchObject({ code: 'GAP_WAITS' });
    await expect(run({ onGap: 'fail' })).rejects.toMatchObject({ code: 'GAP_WAITS' });
    expect(alive()).toEqual({ a: 1 });
    expect(gaps()).toMatchObject([{ reaction: 'waits', resolvedAtMs: null }]);
    expect(state()?.phase).toBe('gap');
  });

  test('a second gap within a day waits for a person', async () => {
    put('a', 1);
    await run();
    put('a', 2);
    clock.jump(26 * HOUR_MS);
    await run();
    put('a', 3);
    clock.jump(26 * HOUR_MS);
    const table = store.tables.get(memoryKey(TARGET));
    if (table !== undefined) store.tables.set(memoryKey(TARGET), { ...table, lastResyncAtMs: clock.now() });
    await expect(run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    expect(gaps()).toHaveLength(2);
  });

  test('a table that was deleted and created again under its name is read again in place', async () => {
    put('a', 1);
    put('b', 1);
    put('c', 1);
    await run();
    await send('DeleteTable', { TableName: 'orders' });
    createTable();
    put('a', 2);
    put('c', 2);
    await run();
    expect(alive()).toEqual({ a: 2, c: 2 });
    expect(gaps()).toMatchObject([{ kind: 'table-replaced', resolvedAtMs: expect.any(Number) }]);
  });

  test('a stream that was disabled and enabled again is a gap, whatever was written in between', async () => {
    put('a', 1);
    await run();
    await setStream(null);
    put('a', 2);
    await expect(run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    await expect(run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
    expect(gaps()).toMatchObject([{ kind: 'stream-disabled', resolvedAtMs: null }]);
    await setStream('NEW_IMAGE');
    await run();
    expect(alive()).toEqual({ a: 2 });
    expect(gaps().map(({ kind }) => kind)).toEqual(['stream-disabled', 'stream-replaced']);
    expect(gaps().every(({ resolvedAtMs }) => resolvedAtMs !== null)).toBe(true);
  });

  test('what a snapshot has read late does not bring back what the stream has deleted', async () => {
    for (const pk of ['a', 'b', 'c']) put(pk, 1);
    let hasWaited = false;
    const faults: MemoryLoadOptions = {
      // The pages of the Scan are held until the delete of one of their rows is on its way.
      beforeCommit: async () => {
        if (hasWaited) return;
        hasWaited = true;
        remove('a');
        put('b', 2);
      },
    };
    await run({ faults });
    expect(alive()).toEqual({ b: 2, c: 1 });
  });

  test('the third gap of one snapshot ends it', async () => {
    put('a', 1);
    // No first page is looked at, so that the Scan begins when the gap is recorded.
    simulator.tables.reportStatistics('orders', { itemCount: 20_000, sizeBytes: 1 });
    const interruptedAfter = async (gapCount: number): Promise<void> => {
      const stop = simulator.onRequest(async ({ action }) => {
        while (action === 'Scan' && gaps().length < gapCount) await new Promise((resolve) => setTimeout(resolve, 1));
      });
      const beforeCommit = (): never => {
        throw new TributaryError('DESTINATION_FAILED', 'The process died here');
      };
      await expect(run({ faults: { beforeCommit } })).rejects.toMatchObject({ code: 'DESTINATION_FAILED' });
      stop();
      put('a', 2);
      clock.jump(26 * HOUR_MS);
    };
    await interruptedAfter(0);
    await interruptedAfter(1);
    await interruptedAfter(2);
    await expect(run()).rejects.toMatchObject({ code: 'SNAPSHOT_FAILED' });
    expect(gaps().map(({ reaction }) => reaction)).toEqual(['resync', 'resync', 'failed']);
    expect(state()?.phase).toBe('failed');
  });

  test('a run without end goes on through outages of the source and the destination', async () => {
    put('a', 1);
    const stop = new AbortController();
    let failures = 2;
    let resolveSeen = (): void => {};
    const seen = new Promise<void>((resolve) => {
      resolveSeen = resolve;
    });
    const faults: MemoryLoadOptions = {
      beforeCommit: () => {
        if (state()?.phase !== 'following' || failures === 0) return;
        failures -= 1;
        throw new TributaryError('DESTINATION_LOCKED', 'Somebody has it open');
      },
      afterCommit: () => {
        if (alive()['a'] === 2) resolveSeen();
        else if (state()?.phase === 'following') put('a', 2);
      },
    };
    const running = run({ faults, signal: stop.signal, onCaughtUp: null });
    await untilFollowing();
    put('a', 2);
    await seen;
    stop.abort(new TributaryError('CANCELLED', 'stopped by a person'));
    await expect(running).resolves.toMatchObject({ rowCount: 1 });
    expect(failures).toBe(0);
  });
});

async function untilFollowing(): Promise<void> {
  while (state()?.phase !== 'following') await new Promise((resolve) => setTimeout(resolve, 1));
}

async function setStream(viewType: string | null): Promise<void> {
  const specification =
    viewType === null ? { StreamEnabled: false } : { StreamEnabled: true, StreamViewType: viewType };
  await send('UpdateTable', { TableName: 'orders', StreamSpecification: specification });
}

async function send(action: string, body: object): Promise<void> {
  const answer = await fetch(simulator.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${action}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=LOCAL/20260601/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
