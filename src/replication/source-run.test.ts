import { expect, test } from 'vitest';
import { createMemoryDestination } from '../load/memory/memory.ts';
import { createMemoryStore } from '../load/memory/memory-store.ts';
import { systemClock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import { silentLogger } from '../platform/logger.ts';
import { runSource, type TableTask } from './source-run.ts';

const LIVE = { version: 1, rowCount: 0 };

const newRunStore = () => createMemoryDestination(createMemoryStore()).runStore;

const run = (
  tasks: readonly TableTask[],
  { isContinuous = false, log = silentLogger, tableConcurrency = 3, runStore = newRunStore() } = {},
) =>
  runSource({
    runId: 'run-1',
    source: 'shop',
    tasks,
    refused: new Map(),
    runStore,
    tableConcurrency,
    isContinuous,
    clock: systemClock,
    log,
    onTable: () => {},
    signal: new AbortController().signal,
  });

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((resolvePromise) => {
    resolve = resolvePromise;
  });
  return { promise, resolve };
}

test('a table that has caught up is followed on until every other table has, however long that takes', async () => {
  const events: string[] = [];
  const longScan = deferred();
  const hasCaughtUp = deferred();
  const quick: TableTask = {
    table: 'quick',
    method: 'LOG_BASED',
    run: async ({ onCaughtUp }) => {
      const released = onCaughtUp?.();
      hasCaughtUp.resolve();
      await released;
      events.push('quick ended');
      return LIVE;
    },
  };
  const slow: TableTask = {
    table: 'slow',
    method: 'FULL_TABLE',
    run: async () => {
      await longScan.promise;
      events.push('slow ended');
      return LIVE;
    },
  };
  const running = run([quick, slow]);
  await hasCaughtUp.promise;
  longScan.resolve();
  await running;
  expect(events).toEqual(['slow ended', 'quick ended']);
});

test('a table that fails does not keep the others waiting', async () => {
  const failing: TableTask = {
    table: 'failing',
    method: 'LOG_BASED',
    run: async () => {
      throw new TributaryError('ACCESS_DENIED', 'Nobody may read it');
    },
  };
  const quick: TableTask = {
    table: 'quick',
    method: 'LOG_BASED',
    run: async ({ onCaughtUp }) => {
      await onCaughtUp?.();
      return LIVE;
    },
  };
  const { tables } = await run([quick, failing]);
  expect(tables.map(({ table, outcome }) => [table, outcome])).toEqual([
    ['failing', 'failed'],
    ['quick', 'succeeded'],
  ]);
});

test('a table that breaks the run itself does not keep the others waiting either', async () => {
  const waiting: TableTask = {
    table: 'waiting',
    method: 'LOG_BASED',
    run: async ({ onCaughtUp }) => {
      await onCaughtUp?.();
      return LIVE;
    },
  };
  const failing: TableTask = {
    table: 'failing',
    method: 'LOG_BASED',
    run: async () => {
      throw new TributaryError('ACCESS_DENIED', 'Nobody may read it');
    },
  };
  const full = (): never => {
    throw new Error('No space left for the log');
  };
  const log = { ...silentLogger, error: full };
  await expect(run([waiting, failing], { log })).rejects.toThrow('No space left');
});

test('followed tables all begin at once, scanned ones three at a time', async () => {
  const begun: string[] = [];
  const end = deferred();
  const task = (table: string, method: TableTask['method']): TableTask => ({
    table,
    method,
    run: async () => {
      begun.push(table);
      if (begun.length === 8) end.resolve();
      if (method === 'LOG_BASED') await end.promise;
      return LIVE;
    },
  });
  const followed = ['a', 'b', 'c', 'd'].map((table) => task(table, 'LOG_BASED'));
  const scanned = ['e', 'f', 'g', 'h'].map((table) => task(table, 'FULL_TABLE'));
  await run([...followed, ...scanned]);
  expect(new Set(begun.slice(0, 7))).toEqual(new Set(['a', 'b', 'c', 'd', 'e', 'f', 'g']));
});

test('tables are scanned one after the other, in their order, where one at a time is asked for', async () => {
  const events: string[] = [];
  const task = (table: string): TableTask => ({
    table,
    method: 'FULL_TABLE',
    run: async () => {
      events.push(`${table} begins`);
      await new Promise(setImmediate);
      events.push(`${table} ends`);
      return LIVE;
    },
  });
  await run([task('b'), task('a')], { tableConcurrency: 1 });
  expect(events).toEqual(['b begins', 'b ends', 'a begins', 'a ends']);
});

test('a run without end asks no table to end', async () => {
  const asked: unknown[] = [];
  const followed: TableTask = {
    table: 'a',
    method: 'LOG_BASED',
    run: async ({ onCaughtUp }) => {
      asked.push(onCaughtUp);
      return LIVE;
    },
  };
  await run([followed], { isContinuous: true });
  expect(asked).toEqual([null]);
});

test('when nobody reads the output any more, the tables that wait are not begun', async () => {
  const closed: TableTask = {
    table: 'a',
    method: 'FULL_TABLE',
    run: () => Promise.reject(new TributaryError('OUTPUT_CLOSED', 'Nobody reads the output')),
  };
  const begun: string[] = [];
  const waiting: TableTask = {
    table: 'b',
    method: 'FULL_TABLE',
    run: async () => {
      begun.push('b');
      return LIVE;
    },
  };
  const record = await run([closed, waiting], { tableConcurrency: 1 });
  expect(begun).toEqual([]);
  expect(record.load.exitStatus).toBe(1);
  expect(record.tables.map(({ error }) => error?.code)).toEqual(['OUTPUT_CLOSED', 'OUTPUT_CLOSED']);
});

test('a run that another one keeps out of the destination is no run of it, one that had loaded rows before is', async () => {
  const runStore = newRunStore();
  const locked = (rowsLoaded: number): TableTask => ({
    table: 'orders',
    method: 'FULL_TABLE',
    run: async ({ counters }) => {
      counters.rowsLoaded = rowsLoaded;
      throw new TributaryError('DESTINATION_LOCKED', 'It is loaded by process 7');
    },
  });
  const { tables } = await run([locked(0)], { runStore });
  expect(tables).toMatchObject([{ outcome: 'failed', error: { code: 'DESTINATION_LOCKED' } }]);
  expect(await runStore.readRuns('shop', 1)).toEqual([]);
  await run([locked(5)], { runStore });
  expect(await runStore.readRuns('shop', 1)).toHaveLength(1);
});
