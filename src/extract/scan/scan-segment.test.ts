import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createHurriedClock } from '../../../test/support/hurried-clock.ts';
import { connectTo } from '../../../test/support/local-connection.ts';
import { createTable } from '../../../test/support/simulated-table.ts';
import type { Connection } from '../../connection/clients.ts';
import { createScanPageFetcher, type ScanPageFetcher } from '../../connection/scan-page.ts';
import type { TapePage } from '../../model/tape.ts';
import { ByteBudget } from '../../platform/byte-budget.ts';
import type { Fault } from '../../simulator/faults.ts';
import { createGate } from '../../simulator/gate.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { createAttributeDictionary } from '../../transcode/attribute-names.ts';
import { jsonLinesOf } from '../../transcode/json-lines.ts';
import { pageMemory } from '../page-memory.ts';
import { type CapacityBudget, createCapacityBudget } from './capacity-budget.ts';
import { scanSegment } from './scan-segment.ts';

const PAGES = 4;
/** Six of them are a page. */
const ITEMS = (PAGES - 1) * 6 + 1;
const BUDGET_BYTES = 64 * 1024 * 1024;

let simulator: Simulator;
let connection: Connection;
beforeAll(async () => {
  simulator = await startSimulator();
  connection = connectTo(simulator);
  createTable(simulator, 'orders');
  const text = 'x'.repeat(200_000);
  simulator.tables.putItems(
    'orders',
    Array.from({ length: ITEMS }, (_, at) => ({ pk: { S: `order ${at}` }, text: { S: text } })),
  );
});
afterAll(async () => {
  connection.close();
  await simulator.close();
});
beforeEach(() => {
  simulator.requests.clear();
  simulator.faults.clear();
});

interface Settled {
  readonly capacityUnits: number;
  readonly items: number;
}

interface Reading {
  readonly readsAhead: boolean;
  readonly fetchPage?: ScanPageFetcher;
  readonly memoryBytes?: number;
  readonly maxUnitsPerSecond?: number;
  readonly pages?: number;
}

/** Texts of the rows without what makes them long. */
function keysOf(page: TapePage): readonly string[] {
  const lines = jsonLinesOf(page).toString().trimEnd();
  return lines === '' ? [] : lines.split('\n').map((line) => line.slice(0, 20));
}

/** Reads the table, or so many pages of it, and says what happened in its order. */
async function read({ readsAhead, pages = Number.POSITIVE_INFINITY, ...options }: Reading) {
  const memory = new ByteBudget(options.memoryBytes ?? BUDGET_BYTES);
  const clock = createHurriedClock(100);
  const settled: Settled[] = [];
  let acquired = 0;
  const budget = createCapacityBudget({ clock, maxUnitsPerSecond: options.maxUnitsPerSecond ?? null });
  const counted: CapacityBudget = {
    acquire: async (signal) => {
      acquired += 1;
      const { limit, settle } = await budget.acquire(signal);
      return {
        limit,
        settle: (cost) => {
          settled.push(cost);
          settle(cost);
        },
      };
    },
    throttled: budget.throttled,
    get unitsPerSecond() {
      return budget.unitsPerSecond;
    },
  };
  const fetchPage = options.fetchPage ?? createScanPageFetcher(connection);
  const events: string[] = [];
  const segment = { segment: 0, totalSegments: 1 };
  const source = {
    ref: { table: 'orders', index: null },
    ...{ projection: null, consistentRead: false, budget: counted, clock, names: createAttributeDictionary(['pk']) },
    fetchPage: (...[request, context]: Parameters<ScanPageFetcher>) => {
      events.push('asked');
      return fetchPage(request, context);
    },
    ...{ onThrottle: () => {}, onWait: () => {} },
  };
  const read = [];
  const signal = new AbortController().signal;
  const part = { segment, from: 'start', memory: pageMemory(memory), readsAhead, signal } as const;
  for await (const { page, from, to, capacityUnits, heldBytes } of scanSegment(source, part)) {
    events.push('read');
    read.push({ from, to, capacityUnits, keys: keysOf(page) });
    memory.release(heldBytes);
    if (read.length === pages) break;
  }
  expect(memory.heldBytes).toBe(0);
  expect(settled).toHaveLength(acquired);
  return { read, settled, events };
}

test('the next page is asked for before the one that has arrived is handed on', async () => {
  const { read: pages, events } = await read({ readsAhead: true });
  expect(pages).toHaveLength(PAGES);
  expect(events).toEqual(['asked', ...Array.from({ length: PAGES - 1 }, () => ['asked', 'read']).flat(), 'read']);
});

test.each([
  ['without being told to', { readsAhead: false }],
  ['where capacity is limited', { readsAhead: true, maxUnitsPerSecond: 10_000 }],
  ['where memory has to be waited for', { readsAhead: true, memoryBytes: 1_500_000 }],
])('not %s', async (_, options) => {
  const { events } = await read(options);
  expect(events.join(' ')).not.toContain('asked asked');
});

const THROTTLE = { kind: 'throttle', error: 'ThrottlingException' } as const;
const FAULTS: readonly Fault[] = [
  { kind: 'server-error', status: 503 },
  { kind: 'reset-mid-body' },
  { kind: 'cut-body', framing: 'content-length' },
  { kind: 'wrong-crc32' },
];
const faultsArbitrary = fc.array(
  fc.record({ fault: fc.constantFrom(...FAULTS), after: fc.nat({ max: PAGES }), times: fc.nat({ max: 5 }) }),
  { maxLength: 3 },
);

test('pages, positions, capacity and the number of requests are the same as without', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(faultsArbitrary, async (rules) => {
      const results = [];
      for (const readsAhead of [false, true]) {
        simulator.requests.clear();
        simulator.faults.clear();
        for (const rule of rules) simulator.faults.add({ action: 'Scan', ...rule });
        const { read: pages, settled } = await read({ readsAhead });
        results.push({ pages, settled: settled.filter(({ items }) => items > 0), scans: simulator.requests.count() });
      }
      expect(results[1]).toEqual(results[0]);
    }),
    { numRuns: 12 },
  );
});

test('refusals of a page that was asked for ahead slow the reading down, and lose nothing', async () => {
  simulator.faults.add({ action: 'Scan', after: 1, fault: { kind: 'empty-page' } });
  simulator.faults.add({ action: 'Scan', after: 2, times: 3, fault: THROTTLE });
  const { read: pages } = await read({ readsAhead: true });
  expect(pages.flatMap(({ keys }) => keys)).toHaveLength(ITEMS);
  expect(new Set(pages.flatMap(({ keys }) => keys)).size).toBe(ITEMS);
  expect(pages.map(({ from }) => from)).toEqual(['start', ...pages.slice(0, -1).map(({ to }) => to)]);
  // Limited now, so in smaller pages, each in its turn.
  expect(pages.length).toBeGreaterThan(PAGES + 1);
});

test('who leaves early leaves nothing behind: the page on its way is given up', async () => {
  const gate = createGate();
  simulator.faults.add({ action: 'Scan', after: 1, fault: { kind: 'slow-answer', gate } });
  const { read: pages, settled } = await read({ readsAhead: true, pages: 1 });
  gate.open();
  expect(pages).toHaveLength(1);
  expect(settled.filter(({ items }) => items > 0)).toHaveLength(1);
});

test('a page behind what only looked like the last key is dropped', async () => {
  const keys: (string | null)[] = [];
  const fetchPage: ScanPageFetcher = async ({ exclusiveStartKey }) => {
    keys.push(exclusiveStartKey);
    const rest =
      exclusiveStartKey === null
        ? ',"LastEvaluatedKey":{"pk":{"S":"right"}},"Note":{"LastEvaluatedKey":{"pk":{"S":"wrong"}}}'
        : '';
    const item = JSON.stringify({ pk: { S: exclusiveStartKey ?? 'first' } });
    return { body: Buffer.from(`{"Items":[${item}],"Count":1${rest}}`), answeredAtMs: null };
  };
  const { read: pages } = await read({ readsAhead: true, fetchPage });
  expect(keys).toEqual([null, '{"pk":{"S":"wrong"}}', '{"pk":{"S":"right"}}']);
  expect(pages.map(({ to }) => to)).toEqual(['after {"pk":{"S":"right"}}', 'end']);
});
