import type { RunRecord } from '../model/run.ts';
import { ERROR_CODES, type ErrorCode } from '../platform/error-codes.ts';
import type { ErrorKind } from '../platform/error-policy.ts';
import { TributaryError } from '../platform/errors.ts';
import { formatByteRate, formatBytes, formatCount, formatDuration, formatUnits, plural } from '../platform/format.ts';
import type { Output } from './output.ts';

/** What a run did, table by table, and what to do about each table that failed. */
export function printRun(record: RunRecord, output: Output): void {
  const { colors } = output;
  const outcomes = {
    succeeded: colors.green('loaded'),
    failed: colors.red('failed'),
    cancelled: colors.yellow('stopped'),
  };
  // Only where a table follows its stream is there something to say.
  const hasChanges = record.tables.some(({ changesRead, rowsDeleted }) => changesRead > 0 || rowsDeleted > 0);
  const changeHead = hasChanges ? ['CHANGES READ', 'DELETED'] : [];
  output.table(
    ['TABLE', 'OUTCOME', 'ROWS READ', ...changeHead, 'ROWS LIVE', 'REJECTED', 'READ', 'RATE', 'RCU', 'TIME'],
    record.tables.map((table) => [
      table.table,
      outcomes[table.outcome],
      formatCount(table.rowsRead),
      ...(hasChanges ? [formatCount(table.changesRead), formatCount(table.rowsDeleted)] : []),
      table.liveRows === null ? '' : formatCount(table.liveRows),
      table.rowsRejected === 0 ? '' : colors.yellow(formatCount(table.rowsRejected)),
      formatBytes(table.bytesRead),
      formatByteRate(table.bytesRead, table.durationMs),
      formatUnits(table.capacityUnits),
      formatDuration(table.durationMs),
    ]),
  );
  for (const { table, error } of record.tables) {
    // Who has stopped the run knows why; whose table was taken over by another process does not.
    if (error === null || error.code === 'CANCELLED') continue;
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
  if (failed.every(({ error }) => error?.code === 'FENCED')) {
    return new TributaryError('FENCED', `${message}: another process has taken over`);
  }
  const kinds = failed.map(({ error }) => kindOf(error?.code ?? 'BUG'));
  return new TributaryError('TABLES_FAILED', message, { kind: mostSerious(kinds) });
}

/** Several failures of one command as the error that it ends with. */
export function combined(failures: readonly TributaryError[]): TributaryError | null {
  const [first] = failures;
  if (first === undefined || failures.length === 1) return first ?? null;
  return new TributaryError('TABLES_FAILED', failures.map(({ message }) => message).join('; '), {
    kind: mostSerious(failures.map(({ kind }) => kind)),
  });
}

/** Of several failures the one that decides what has to be done: to run again helps only where all may pass by themselves. */
const BY_SERIOUSNESS: readonly ErrorKind[] = ['bug', 'data', 'permission', 'user', 'transient', 'cancelled'];

function mostSerious(kinds: readonly ErrorKind[]): ErrorKind {
  return BY_SERIOUSNESS.find((kind) => kinds.includes(kind)) ?? 'bug';
}

function kindOf(code: string): ErrorKind {
  return isErrorCode(code) ? ERROR_CODES[code].kind : 'bug';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
