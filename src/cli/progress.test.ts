import { expect, test } from 'vitest';
import type { Clock } from '../platform/clock.ts';
import { progressText, remainingMs, reportProgress, type ShownTable, type TableProgress } from './progress.ts';
import { barLine } from './progress-bars.ts';
import { createProgress } from './progress-display.ts';

function progress(changes: Partial<TableProgress> = {}): TableProgress {
  return {
    table: 'orders',
    expectedRows: 50_000,
    rowsRead: 13_000,
    changesRead: 0,
    rowsLoaded: 10_000,
    rowsDeleted: 0,
    bytesRead: 20_000_000,
    capacityUnits: 1234.5,
    throttleCount: 0,
    segmentsDone: 2,
    segmentsTotal: 8,
    stream: null,
    failedWith: null,
    ...changes,
  };
}

function shown(changes: Partial<TableProgress> = {}, name = 'orders'): ShownTable {
  return { source: 'shop', name, progress: progress(changes) };
}

const stream = { openShards: 4, lagMs: 1_234, isFollowing: true };
const pace = { elapsedMs: 2000, changesPerSecond: 199.96 };

/** A clock that stands until it is turned; sleepers wake in order. */
function manualClock(): Clock & { turn(ms: number): Promise<void> } {
  let nowMs = 0;
  const sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  return {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        sleepers.push({ atMs: nowMs + ms, wake: resolve });
      }),
    turn: async (ms) => {
      nowMs += ms;
      for (const { atMs, wake } of sleepers) if (atMs <= nowMs) wake();
      // The loop that slept goes on in a microtask.
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

test('says rows, rate, capacity, segments and what is left', () => {
  expect(progressText(shown(), pace)).toBe(
    'orders: 13,000 of about 50,000 rows read, 10,000 loaded, 10.0 MB/s, 1,235 RCU, 2 of 8 segments, about 5.7 s left',
  );
  expect(
    progressText(shown({ expectedRows: 1, rowsRead: 1, rowsLoaded: 1, segmentsDone: 0, segmentsTotal: 1 }), pace),
  ).toContain('orders: 1 of about 1 row read, 1 loaded, 10.0 MB/s, 1,235 RCU, 0 of 1 segment');
  expect(progressText(shown({ throttleCount: 3, rowsRead: 0, rowsLoaded: 0 }), pace)).toBe(
    'orders: 0 of about 50,000 rows read, 0 loaded, 10.0 MB/s, 1,235 RCU, 2 of 8 segments, 3 throttles',
  );
});

test('says of a table that follows its stream how fast changes come and how far behind it is', () => {
  const followed = { stream, changesRead: 1_234, rowsLoaded: 1_200, segmentsDone: 8 };
  expect(progressText(shown(followed), pace)).toBe(
    'orders: following, 1,234 changes read, 200 a second, 1,200 rows loaded, 1.2 s behind, 4 open shards',
  );
  expect(progressText(shown({ ...followed, stream: { ...stream, isFollowing: false, lagMs: null } }), pace)).toBe(
    'orders: catching up, 1,234 changes read, 200 a second, 1,200 rows loaded, 4 open shards',
  );
  expect(progressText(shown({ stream, changesRead: 1 }), pace)).toBe(
    'orders: 13,000 of about 50,000 rows read, 1 change beside, 10,000 loaded, 10.0 MB/s, 1,235 RCU, 2 of 8 segments, about 5.7 s left',
  );
  expect(barLine(shown(followed), { pace, nameWidth: 6, columns: 72 })).toBe(
    'orders following   1,234 changes, 200/s, 1.2 s behind, 4 open shards',
  );
});

test('does not guess what is left without rows, or beyond the estimate', () => {
  expect(remainingMs(progress({ rowsRead: 0 }), 1000)).toBeNull();
  expect(remainingMs(progress({ rowsRead: 60_000 }), 1000)).toBeNull();
});

test('reports running tables every ten seconds until it is stopped, and no finished ones', async () => {
  const clock = manualClock();
  const seen: string[] = [];
  const reports = reportProgress(clock, ({ name }, { elapsedMs }) => seen.push(`${name} ${elapsedMs}`));
  reports.add(shown());
  reports.add(shown({ segmentsDone: 8 }, 'done'));
  await clock.turn(9_999);
  expect(seen).toEqual([]);
  await clock.turn(1);
  await clock.turn(10_000);
  expect(seen).toEqual(['orders 10000', 'orders 20000']);
  reports.stop();
  await clock.turn(10_000);
  expect(seen).toHaveLength(2);
});

test('writes plain lines where there is no terminal', async () => {
  const clock = manualClock();
  const lines: string[] = [];
  const stderr = { write: (text: string) => lines.push(text) > 0, on: () => {} };
  const display = createProgress({ clock, stderr, signal: new AbortController().signal });
  display.log('a log line');
  display.add(shown());
  await clock.turn(10_000);
  display.stop();
  expect(lines).toEqual([
    'a log line\n',
    expect.stringMatching(/^orders: 13,000 of about 50,000 rows read, 10,000 loaded, 2\.00 MB\/s/),
  ]);
});

test.each([
  [120, 'orders     █████░░░░░░░░░░░░░░░  26% 13,000 rows, ETA 5.7 s, 10.0 MB/s, 10,000 loaded, 1,235 RCU'],
  [79, 'orders     ███░░░░░░░░░░  26% 13,000 rows, ETA 5.7 s, 10.0 MB/s, 10,000 loaded'],
  [59, 'orders     ██░░░░░░░  26% 13,000 rows, ETA 5.7 s, 10.0 MB/s'],
  [30, 'orders     ██░░░░░░  26%'],
])('a bar fits into %i columns', (columns, line) => {
  const text = barLine(shown(), { pace, nameWidth: 10, columns });
  expect(text).toBe(line);
  expect(text.length).toBeLessThanOrEqual(columns);
});

test('a bar shortens a long name, and is full only when the table is through', () => {
  const space = { pace, nameWidth: 8, columns: 40 };
  expect(barLine(shown({ rowsRead: 99_999 }, 'a-table-with-a-name'), space)).toMatch(/^a-table… █+ {2}99% /);
  expect(barLine(shown({ rowsRead: 0, expectedRows: 0 }), space)).toMatch(/^orders {3}░+ {3}0% /);
  expect(barLine(shown({ segmentsDone: 8 }), space)).toMatch(/^orders {3}█+ 100% /);
});

test('a table that has failed says so for as long as others go on', () => {
  const fenced = shown({ stream, failedWith: 'FENCED' });
  const text = 'has failed (FENCED) and is not replicated any more';
  expect(progressText(fenced, pace)).toBe(`orders: ${text}`);
  expect(barLine(fenced, { pace, nameWidth: 9, columns: 80 })).toBe(`orders    ${text}`);
});
