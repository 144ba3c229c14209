import { expect, test } from 'vitest';
import type { RunRecord } from '../model/run.ts';
import type { ErrorCode } from '../platform/error-codes.ts';
import type { ErrorKind } from '../platform/error-policy.ts';
import { TributaryError } from '../platform/errors.ts';
import { combined, failureOf } from './run-report.ts';

/** A run of which a table was loaded, and one failed for each code. */
function run(...codes: readonly ErrorCode[]): RunRecord {
  const phase = { exitStatus: 0, message: null };
  const table = (name: string, code: ErrorCode | null): RunRecord['tables'][number] => ({
    table: name,
    outcome: code === null ? 'succeeded' : 'failed',
    ...{ rowsRead: 0, rowsLoaded: 0, rowsRejected: 0, bytesRead: 0, capacityUnits: 0, throttleCount: 0, scanCalls: 0 },
    ...{ changesRead: 0, rowsDeleted: 0, durationMs: 0, version: null, liveRows: null },
    error: code === null ? null : { code, message: 'm', hint: 'h' },
  });
  return {
    ...{ runId: 'r', source: 's', startedAtMs: 0, endedAtMs: 1, discovery: phase, extraction: phase, load: phase },
    tables: [table('good', null), ...codes.map((code) => table(code, code))],
  };
}

test.each<[readonly ErrorCode[], ErrorKind]>([
  [['THROTTLED', 'DESTINATION_LOCKED'], 'transient'],
  [['THROTTLED', 'TABLE_NOT_FOUND'], 'user'],
  [['TABLE_NOT_FOUND', 'ACCESS_DENIED'], 'permission'],
  [['ACCESS_DENIED', 'SHRINK_REFUSED'], 'data'],
  [['SHRINK_REFUSED', 'BUG'], 'bug'],
  [['FENCED', 'THROTTLED'], 'transient'],
])('a run with the errors %j ends with the kind %s', (codes, kind) => {
  expect(failureOf(run(...codes), new AbortController().signal)).toMatchObject({ code: 'TABLES_FAILED', kind });
});

test('several sources end a command with the most serious kind of their errors', () => {
  const failures = [new TributaryError('THROTTLED', 'a'), new TributaryError('ACCESS_DENIED', 'b')];
  expect(combined(failures)).toMatchObject({ code: 'TABLES_FAILED', kind: 'permission', message: 'a; b' });
  expect(combined(failures.slice(0, 1))).toBe(failures[0]);
  expect(combined([])).toBeNull();
});
