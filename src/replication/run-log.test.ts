import { expect, test } from 'vitest';
import type { RunRecord } from '../model/run.ts';
import { silentLogger } from '../platform/logger.ts';
import { logRunStart, logRunSummary } from './run-log.ts';

const DONE = { exitStatus: 0, message: null };
const RECORD: RunRecord = {
  ...{ runId: 'run-1', source: 'shop', startedAtMs: 1_000, endedAtMs: 3_500 },
  ...{ discovery: DONE, extraction: { exitStatus: 1, message: 'It was throttled' }, load: DONE },
  tables: [
    {
      ...{ table: 'orders', outcome: 'succeeded', durationMs: 2_500, version: 1, liveRows: 1_500, error: null },
      ...{ rowsRead: 1, rowsLoaded: 1_500, rowsRejected: 0, rowsDeleted: 0, changesRead: 0 },
      ...{ bytesRead: 10, capacityUnits: 0.5, throttleCount: 0, scanCalls: 1 },
    },
  ],
};

test('the log of a run says what it came to, counts of one in the singular', () => {
  const lines: string[] = [];
  const log = { ...silentLogger, info: (line: string) => void lines.push(line) };
  logRunStart({ runId: 'run-1', source: 'shop', tableCount: 1 }, log);
  logRunSummary(RECORD, log);
  expect(lines).toEqual([
    'Run run-1 of source shop: 1 table selected',
    '1 row and 0 changes read in 2.5 s with 0.5 read capacity units and 0 throttles, ' +
      '1,500 rows loaded and 0 deleted, 0 of 1 table not replicated',
    'Exit status: discovery 0, tap 1 (It was throttled), target 0',
  ]);
});
