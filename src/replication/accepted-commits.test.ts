import { afterEach, beforeEach, expect, test } from 'vitest';
import { acceptingDestination } from '../../test/support/accepting-destination.ts';
import { runFullTable } from '../../test/support/full-table-run.ts';
import { createTable } from '../../test/support/simulated-table.ts';
import type { Destination } from '../load/destination.ts';
import { createMemoryDestination, liveLines } from '../load/memory/memory.ts';
import { createMemoryStore, type MemoryStore, memoryKey } from '../load/memory/memory-store.ts';
import { TributaryError } from '../platform/errors.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { createTableCounters } from './table-counters.ts';

const TARGET = { source: 'shop', table: 'orders' };

let simulator: Simulator;
let store: MemoryStore;
let memory: Destination;

beforeEach(async () => {
  simulator = await startSimulator();
  store = createMemoryStore();
  const destination = createMemoryDestination(store);
  // Every page is a commit.
  memory = { ...destination, capabilities: { ...destination.capabilities, commit: { bytes: 1, rows: 1 } } };
  createTable(simulator, 'orders');
  const text = { S: 'x'.repeat(2_000) };
  simulator.tables.putItems(
    'orders',
    Array.from({ length: 3_000 }, (_, at) => ({ pk: { S: `order-${at}` }, text })),
  );
});
afterEach(() => simulator.close());

const positions = (): readonly string[] => {
  const units = store.tables.get(memoryKey(TARGET))?.loading?.units.values() ?? [];
  return Array.from(units, ({ position }) => position);
};
const run = (destination: Destination, counters = createTableCounters('orders')) =>
  runFullTable({ simulator, destination, table: 'orders', segmentConcurrency: 1, counters });

test('bookmarks and counts move when the destination says that rows are durable, and the run waits for it', async () => {
  const counters = createTableCounters('orders');
  const seen: (readonly [number, boolean])[] = [];
  const destination = acceptingDestination(memory, () => {
    seen.push([counters.rowsLoaded, positions().every((position) => position === 'start')]);
    return 0;
  });
  const { rowCount } = await run(destination, counters);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.every(([rowsLoaded, isUnread]) => rowsLoaded === 0 && isUnread)).toBe(true);
  expect(counters).toMatchObject({ rowsLoaded: 3_000, commits: seen.length });
  expect(rowCount).toBe(3_000);
});

test('what was accepted and never confirmed is read again', async () => {
  const broken = acceptingDestination(memory, (waiting) => (waiting > 3 ? 1 : 0));
  const lost = new TributaryError('TARGET_FAILED', 'The target has ended without its last STATE');
  const failing = run({
    ...broken,
    open: async (...lane) => {
      const load = await broken.open(...lane);
      if (load.acceptance === undefined) throw new Error('It accepts');
      return { ...load, acceptance: { ...load.acceptance, settle: () => Promise.reject(lost) } };
    },
  });
  await expect(failing).rejects.toBe(lost);
  expect(positions()).toContain('start');
  await run(memory);
  const ids = (liveLines(store, TARGET) ?? []).map((line) => JSON.parse(line).pk);
  expect(new Set(ids).size).toBe(3_000);
  expect(ids).toHaveLength(3_000);
});
