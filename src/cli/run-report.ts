import type { RunRecord, TableRun } from '../model/run.ts';
import { ERROR_CODES, type ErrorCode } from '../platform/error-codes.ts';
import type { ErrorKind } from '../platform/error-policy.ts';
import { TributaryError } from '../platform/errors.ts';
import { formatByteRate, formatBytes, formatCount, formatDuration, formatUnits, plural } from './format.ts';
import type { Output } from './output.ts';

/** What a run did, table by table, and what to do about each table that failed. */
export function printRun(record: RunRecord, output: Output): void {
  const { colors } = output;
  const outcomes = {
    succeeded: colors.green('loaded'),
    failed: colors.red('failed'),
    cancelled: colors.yellow('stopped'),
  };
  output.table(
    ['TABLE', 'OUTCOME', 'ROWS', 'REJECTED', 'READ', 'RATE', 'RCU', 'TIME'],
    record.tables.map((table) => [
      table.table,
      outcomes[table.outcome],
      formatCount(table.rowsLoaded),
      table.rowsRejected === 0 ? '' : colors.yellow(formatCount(table.rowsRejected)),
      formatBytes(table.bytesRead),
      formatByteRate(table.bytesRead, table.durationMs),
      formatUnits(table.capacityUnits),
      formatDuration(table.durationMs),
    ]),
  );
  for (const { table, error, outcome } of record.tables) {
    if (error === null || outcome === 'cancelled') continue;
    output.text(`${colors.red(table)} ${error.code}: ${error.message}\n  ${colors.bold('Fix:')} ${error.hint}`);
  }
}

/** The error that a run ends its command with; null when every table was replicated. */
export function failureOf(record: RunRecord, signal: AbortSignal): TributaryError | null {
  const failed = record.tables.filter(({ outcome }) => outcome !== 'succeeded');
  if (failed.length === 0) return null;
  const message = `${failed.length} of ${plural(record.tables.length, 'table')} of source ${record.source} not replicated`;
  if (signal.aborted) {
    return new TributaryError('CANCELLED', `The run was stopped with ${message}`, {
      hint: 'Run the same command again: it goes on from the last durable bookmark',
    });
  }
  return new TributaryError('TABLES_FAILED', message, { kind: commonKind(failed) });
}

/** Several failures of one command as the error that it ends with. */
export function combined(failures: readonly TributaryError[]): TributaryError | null {
  const [first] = failures;
  if (first === undefined || failures.length === 1) return first ?? null;
  const kinds = new Set(failures.map(({ kind }) => kind));
  return new TributaryError('TABLES_FAILED', failures.map(({ message }) => message).join('; '), {
    kind: kinds.size === 1 ? first.kind : 'transient',
  });
}

/** Where all tables failed for one kind of reason, so did the run: then its exit code says what to do. */
function commonKind(failed: readonly TableRun[]): ErrorKind {
  const kinds = new Set(failed.map(({ error }) => kindOf(error?.code ?? 'BUG')));
  const [kind = 'transient'] = kinds;
  return kinds.size === 1 ? kind : 'transient';
}

function kindOf(code: string): ErrorKind {
  return isErrorCode(code) ? ERROR_CODES[code].kind : 'bug';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
