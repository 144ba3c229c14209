import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runFullTable } from '../../test/support/full-table-run.ts';
import { createMemoryDestination, liveLines } from '../load/memory/memory.ts';
import type { MemoryLoadOptions } from '../load/memory/memory-load.ts';
import { createMemoryStore, type MemoryStore } from '../load/memory/memory-store.ts';
import { resumeKey } from '../model/position.ts';
import { parseSegmentUnit } from '../model/unit.ts';
import { createManualClock, type ManualClock } from '../simulator/manual-clock.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { createTableCounters } from './table-counters.ts';

const TARGET = { source: 'shop', table: 'orders' };
const DAY_MS = 24 * 3_600_000;

let simulator: Simulator;
let clock: ManualClock;
let store: MemoryStore;

beforeEach(async () => {
  clock = createManualClock();
  simulator = await startSimulator({ clock });
  store = createMemoryStore();
});
afterEach(() => simulator.close());

function createOrders(count: number, textBytes = 10): void {
  simulator.tables.create({
    TableName: 'orders',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  putOrders(0, count, textBytes);
}

function putOrders(from: number, to: number, textBytes = 10): void {
  const items = Array.from({ length: to - from }, (_, at) => ({
    id: { S: `order-${from + at}` },
    number: { N: String(from + at) },
    text: { S: 'x'.repeat(textBytes) },
  }));
  simulator.tables.putItems('orders', items);
}

interface Options {
  readonly faults?: MemoryLoadOptions;
  readonly signal?: AbortSignal;
  readonly allowShrink?: boolean;
  readonly segmentConcurrency?: number;
}

const run = (options: Options = {}) =>
  runFullTable({
    simulator,
    clock,
    table: 'orders',
    destination: createMemoryDestination(store, options.faults),
    ...(options.signal ? { signal: options.signal } : {}),
    allowShrink: options.allowShrink ?? false,
    segmentConcurrency: options.segmentConcurrency ?? 4,
  });

/** The ids that readers see, sorted; a key that is there twice is there twice. */
function liveIds(): readonly number[] | null {
  const lines = liveLines(store, TARGET);
  if (lines === null) return null;
  return lines.map((line) => Number(JSON.parse(line).number)).sort((a, b) => a - b);
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

describe('replicateFullTable', () => {
  test('copies a table in one segment when its first page is all, and in eight when it is not', async () => {
    createOrders(100);
    await run();
    expect(liveIds()).toEqual(numbers(100));
    simulator.requests.clear();
    putOrders(100, 2_000, 1_000);
    await run();
    expect(liveIds()).toEqual(numbers(2_000));
    expect(new Set(simulator.requests.scans('orders').map(({ totalSegments }) => totalSegments ?? 1))).toEqual(
      new Set([1, 8]),
    );
  });

  test('a table is read in as many segments as were asked for, and no page is read only to find out', async () => {
    createOrders(2_000, 1_000);
    const destination = createMemoryDestination(store);
    await runFullTable({ simulator, clock, table: 'orders', destination, segments: 1 });
    expect(liveIds()).toEqual(numbers(2_000));
    const scans = simulator.requests.scans('orders');
    expect(new Set(scans.map(({ totalSegments }) => totalSegments ?? 1))).toEqual(new Set([1]));
    expect(scans.filter(({ exclusiveStartKey }) => exclusiveStartKey === null)).toHaveLength(1);
  });

  test('an empty table becomes an empty live version', async () => {
    createOrders(0);
    expect(await run()).toEqual({ version: 1, rowCount: 0 });
    expect(liveIds()).toEqual([]);
  });

  test('each run replaces the table: what was deleted at the source is gone', async () => {
    createOrders(30);
    await run();
    simulator.tables.deleteItems('orders', [{ id: { S: 'order-7' } }]);
    expect(await run()).toEqual({ version: 2, rowCount: 29 });
    expect(liveIds()).toEqual(numbers(30).filter((id) => id !== 7));
  });

  test('goes on over pages without items and over a page that is asked for again', async () => {
    createOrders(2_000, 1_000);
    simulator.faults.add({ action: 'Scan', after: 1, times: 3, fault: { kind: 'empty-page' } });
    simulator.faults.add({ action: 'Scan', after: 6, fault: { kind: 'cut-body', framing: 'content-length' } });
    simulator.faults.add({ action: 'Scan', after: 7, fault: { kind: 'empty-body' } });
    simulator.faults.add({ action: 'Scan', after: 8, fault: { kind: 'wrong-crc32' } });
    await turnClock(run());
    expect(liveIds()).toEqual(numbers(2_000));
  });

  test('a crash at any commit resumes from the durable bookmarks and reads no finished segment again', async () => {
    createOrders(400, 1_000);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 25 }), fc.boolean(), async (crashAt, answerLost) => {
        store = createMemoryStore();
        const crash = failAfter(crashAt);
        const crashed = await fails(runSmall(answerLost ? { afterCommit: crash } : { beforeCommit: crash }));
        const units = await createMemoryDestination(store).runStore.readUnits('shop', 'orders');
        simulator.requests.clear();
        await turnClock(run());
        expect(liveIds()).toEqual(numbers(400));
        if (!crashed) return;
        for (const { unit, position } of units) {
          const { segment, totalSegments } = parseSegmentUnit(unit) ?? {};
          const [first] = simulator.requests
            .scans('orders')
            .filter((scan) => scan.segment === segment && scan.totalSegments === totalSegments);
          if (position === 'end') expect(first).toBeUndefined();
          else expect(first?.exclusiveStartKey ?? null).toBe(resumeKey(position));
        }
      }),
      {
        numRuns: 25,
        examples: [
          [0, false],
          [3, true],
          [12, false],
        ],
      },
    );
  });

  /** Pages of a few items, and so little memory that nearly every page is a commit of its own. */
  function runSmall(faults: MemoryLoadOptions): Promise<unknown> {
    const destination = createMemoryDestination(store, faults);
    const small = { memoryBytes: 1, segmentConcurrency: 2, unitsPerSecond: 3 };
    return turnClock(runFullTable({ simulator, clock, table: 'orders', destination, ...small }));
  }

  test('what was read before a stop becomes durable, the live version stays', async () => {
    createOrders(2_000, 2_000);
    await run();
    putOrders(2_000, 3_000, 2_000);
    const controller = new AbortController();
    let scans = 0;
    const remove = simulator.onRequest(({ action }) => {
      if (action === 'Scan' && ++scans === 6) controller.abort(new Error('stopped by hand'));
    });
    await expect(run({ signal: controller.signal })).rejects.toThrow('stopped by hand');
    remove();
    expect(liveIds()).toEqual(numbers(2_000));
    const state = (await createMemoryDestination(store).runStore.readTables('shop'))[0];
    expect(state?.loading?.rowCount).toBeGreaterThan(0);
    await run();
    expect(liveIds()).toEqual(numbers(3_000));
  });

  test('a version to which nothing was committed for a day is begun anew, a fresher one is resumed', async () => {
    createOrders(400, 1_000);
    expect(await fails(runSmall({ beforeCommit: failAfter(4) }))).toBe(true);
    clock.advance(DAY_MS - 60_000);
    expect((await run()).version).toBe(1);
    expect(await fails(runSmall({ beforeCommit: failAfter(4) }))).toBe(true);
    clock.advance(DAY_MS + 60_000);
    expect((await run()).version).toBe(3);
    expect(liveIds()).toEqual(numbers(400));
  });

  test('a table that was deleted and created again is not resumed: the new one alone is loaded', async () => {
    createOrders(400, 1_000);
    expect(await fails(runSmall({ beforeCommit: failAfter(4) }))).toBe(true);
    await deleteTable();
    createOrders(50, 1_000);
    await run();
    expect(liveIds()).toEqual(numbers(50));
  });

  test('a table that is replaced while it is read is not swapped in', async () => {
    createOrders(2_000, 1_000);
    await run();
    let scans = 0;
    const remove = simulator.onRequest(async ({ action }) => {
      scans += action === 'Scan' ? 1 : 0;
      if (scans !== 4 || action !== 'Scan') return;
      remove();
      await deleteTable();
      createOrders(1_500, 1_000);
    });
    await expect(run({ segmentConcurrency: 1 })).rejects.toMatchObject({ code: 'TABLE_NOT_READY' });
    expect(liveIds()).toEqual(numbers(2_000));
    await run();
    expect(liveIds()).toEqual(numbers(1_500));
  });

  test('a run that lost most rows is swapped only when that is allowed', async () => {
    createOrders(100);
    await run();
    simulator.tables.deleteItems(
      'orders',
      numbers(60).map((id) => ({ id: { S: `order-${id}` } })),
    );
    await expect(run()).rejects.toMatchObject({ code: 'SHRINK_REFUSED' });
    expect(liveIds()).toHaveLength(100);
    await run({ allowShrink: true });
    expect(liveIds()).toHaveLength(40);
  });

  test('a refused version is read again: it is not swapped in when the rows are back, nor when shrinking is allowed', async () => {
    createOrders(100);
    await run();
    const gone = numbers(60).map((id) => ({ id: { S: `order-${id}` } }));
    simulator.tables.deleteItems('orders', gone);
    await expect(run()).rejects.toMatchObject({ code: 'SHRINK_REFUSED' });
    putOrders(0, 100);
    await run();
    expect(liveIds()).toHaveLength(100);
    simulator.tables.deleteItems('orders', gone);
    await expect(run()).rejects.toMatchObject({ code: 'SHRINK_REFUSED' });
    putOrders(0, 100);
    await run({ allowShrink: true });
    expect(liveIds()).toHaveLength(100);
  });

  test('two runs of one table at once: one of them ends, nothing is doubled', async () => {
    createOrders(3_000, 3_000);
    const outcomes = await Promise.allSettled([run(), run()]);
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(liveIds()).toEqual(numbers(3_000));
  });

  test('throttling for a minute slows the run down and is counted, nothing is lost', async () => {
    createOrders(2_000, 1_000);
    simulator.faults.add({
      action: 'Scan',
      untilMs: clock.now() + 60_000,
      fault: { kind: 'throttle', error: 'ProvisionedThroughputExceededException' },
    });
    const counters = createTableCounters('orders');
    const destination = createMemoryDestination(store);
    await turnClock(runFullTable({ simulator, clock, table: 'orders', destination, counters }));
    expect(liveIds()).toEqual(numbers(2_000));
    expect(counters.throttleCount).toBeGreaterThan(0);
  });

  test('a budget of 5 units a second never sends a page that costs more than a second of it, after the first', async () => {
    createOrders(400, 1_000);
    const destination = createMemoryDestination(store);
    const startMs = clock.now();
    await turnClock(runFullTable({ simulator, clock, table: 'orders', destination, unitsPerSecond: 5 }));
    expect(liveIds()).toEqual(numbers(400));
    // About 420 KB are 52 units, read twice at most.
    expect(clock.now() - startMs).toBeGreaterThan(8_000);
  });

  const deleteTable = (): Promise<void> => call('DeleteTable', { TableName: 'orders' });

  /** Moves time on until the run ends: whatever sleeps on the clock wakes. */
  async function turnClock<T>(running: Promise<T>): Promise<T> {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    running.then(end, end);
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(10);
    }
    return await running;
  }
});

async function fails(running: Promise<unknown>): Promise<boolean> {
  const [{ status }] = await Promise.allSettled([running]);
  return status === 'rejected';
}

/** A request to the simulator as the owner of the table would send it. */
async function call(action: string, request: object): Promise<void> {
  const answer = await fetch(simulator.endpoint, {
    method: 'POST',
    headers: {
      'x-amz-target': `DynamoDB_20120810.${action}`,
      'content-type': 'application/x-amz-json-1.0',
      authorization:
        'AWS4-HMAC-SHA256 Credential=LOCAL/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(request),
  });
  expect({ action, status: answer.status }).toEqual({ action, status: 200 });
}

function failAfter(commits: number): () => void {
  let count = 0;
  return () => {
    count += 1;
    if (count > commits) throw new Error('killed');
  };
}

describe('replicateFullTable of a view', () => {
  const key = (name: string): readonly object[] => [{ AttributeName: name, KeyType: 'HASH' }];

  function createViewedOrders(count: number): void {
    simulator.tables.create({
      TableName: 'orders',
      KeySchema: key('id'),
      AttributeDefinitions: ['id', 'customer'].map((name) => ({ AttributeName: name, AttributeType: 'S' })),
      BillingMode: 'PAY_PER_REQUEST',
      GlobalSecondaryIndexes: [
        { IndexName: 'by-customer', KeySchema: key('customer'), Projection: { ProjectionType: 'ALL' } },
      ],
    });
    putViewedOrders(count, (number) => `customer-${number % 40}`);
  }

  function putViewedOrders(count: number, customerOf: (number: number) => string): void {
    const items = Array.from({ length: count }, (_, number) => ({
      id: { S: `order-${number}` },
      number: { N: String(number) },
      customer: { S: customerOf(number) },
      text: { S: 'x'.repeat(2_000) },
    }));
    simulator.tables.putItems('orders', items);
  }

  const updateIndexes = (update: object): Promise<void> =>
    call('UpdateTable', {
      TableName: 'orders',
      AttributeDefinitions: ['id', 'customer'].map((name) => ({ AttributeName: name, AttributeType: 'S' })),
      GlobalSecondaryIndexUpdates: [update],
    });

  const runView = () =>
    runFullTable({
      simulator,
      clock,
      table: 'orders/by-customer',
      destination: createMemoryDestination(store),
      segmentConcurrency: 1,
    });

  test('an index that was deleted and made again with another definition is not resumed', async () => {
    createViewedOrders(1_500);
    let commits = 0;
    const crash = createMemoryDestination(store, {
      beforeCommit: () => {
        if (++commits > 3) throw new Error('killed');
      },
    });
    const view = { simulator, clock, table: 'orders/by-customer', segmentConcurrency: 1, memoryBytes: 1 };
    await expect(runFullTable({ ...view, destination: crash })).rejects.toThrow('killed');
    await updateIndexes({ Delete: { IndexName: 'by-customer' } });
    const projection = { Projection: { ProjectionType: 'KEYS_ONLY' } };
    await updateIndexes({ Create: { IndexName: 'by-customer', KeySchema: key('customer'), ...projection } });
    expect(await runFullTable({ ...view, destination: createMemoryDestination(store) })).toEqual({
      version: 2,
      rowCount: 1_500,
    });
    const lines = liveLines(store, { source: 'shop', table: 'orders/by-customer' }) ?? [];
    expect(lines.some((line) => 'text' in JSON.parse(line))).toBe(false);
  });

  test('an index that is being built is waited for; one that is being deleted is not', async () => {
    createViewedOrders(50);
    simulator.tables.setIndexStatus('orders', 'by-customer', 'CREATING');
    const running = runView();
    await clock.sleepers(1);
    simulator.tables.setIndexStatus('orders', 'by-customer', 'ACTIVE');
    clock.advance(5_000);
    expect(await running).toEqual({ version: 1, rowCount: 50 });
    simulator.tables.setIndexStatus('orders', 'by-customer', 'DELETING');
    await expect(runView()).rejects.toMatchObject({ code: 'TABLE_NOT_READY' });
  });

  test('an item that moves within the index while it is read is there once, as it was read last', async () => {
    createViewedOrders(1_500);
    let scans = 0;
    // Half-way through the items get another customer each, so that what was read comes again elsewhere in the index.
    const remove = simulator.onRequest(({ action }) => {
      if (action === 'Scan' && ++scans === 6) putViewedOrders(1_500, (number) => `moved-${number % 40}`);
    });
    await runView();
    remove();
    const lines = liveLines(store, { source: 'shop', table: 'orders/by-customer' }) ?? [];
    const ids = lines.map((line) => String(JSON.parse(line).id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(simulator.requests.scans('orders').reduce((sum, { itemCount }) => sum + itemCount, 0)).toBeGreaterThan(
      ids.length,
    );
    expect(lines.filter((line) => String(JSON.parse(line).customer).startsWith('moved-')).length).toBeGreaterThan(0);
  });
});
