import type { PhaseResult, RunRecord, TableRun } from '../model/run.ts';
import type { RunStore } from '../model/run-store.ts';
import type { Clock } from '../platform/clock.ts';
import { type TributaryError, toTributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { createTableCounters, type TableCounters } from './table-counters.ts';

/**
 * Tables that are read at the same time. Small tables spend their time waiting for answers and commits; more than a few
 * at once only divides the memory that large tables need for large commits.
 */
export const TABLE_CONCURRENCY = 3;

interface LiveVersion {
  readonly version: number;
  readonly rowCount: number;
}

/** One table of a run: replicates it and resolves to the version that readers see now and its rows. */
export interface TableTask {
  readonly table: string;
  run(options: { readonly counters: TableCounters; readonly signal: AbortSignal }): Promise<LiveVersion>;
}

interface SourceRun {
  readonly runId: string;
  readonly source: string;
  readonly tasks: readonly TableTask[];
  /** Tables that discovery has already ruled out, with the reason. */
  readonly refused: ReadonlyMap<string, TributaryError>;
  readonly runStore: RunStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with the counters of every table as it starts. */
  readonly onTable: (counters: TableCounters) => void;
  readonly signal: AbortSignal;
}

/**
 * One run of a source: its tables a few at a time, one failing table not stopping the others, unless the destination
 * itself is out of reach. Always ends with a saved record and the closing summary; rejects only if the record cannot be
 * saved and nothing else failed.
 */
export async function runSource(run: SourceRun): Promise<RunRecord> {
  const { clock, log } = run;
  const startedAtMs = clock.now();
  log.info(`Run ${run.runId} of source ${run.source}: ${run.tasks.length + run.refused.size} tables selected`);
  const results: TableRun[] = [...run.refused].map(([table, error]) => refusedRun(table, error, log));

  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const queue = run.tasks.values();
  const runQueue = async (): Promise<void> => {
    for (const task of queue) {
      const result = await runTable(run, task, signal);
      results.push(result.tableRun);
      if (result.error && OUTAGES.has(result.error.code)) stop.abort(result.error);
    }
  };
  // Whatever one of them throws, all are awaited: the destination is closed after this.
  const queues = await Promise.allSettled(
    Array.from({ length: Math.min(TABLE_CONCURRENCY, run.tasks.length) }, runQueue),
  );
  const broken = queues.find((outcome) => outcome.status === 'rejected');
  if (broken) throw broken.reason;

  const record: RunRecord = {
    runId: run.runId,
    source: run.source,
    startedAtMs,
    endedAtMs: clock.now(),
    discovery: phase([...run.refused.values()]),
    extraction: phase(failuresOf(results, (code) => !isDestinationCode(code))),
    load: phase(failuresOf(results, isDestinationCode)),
    // In the order in which they ended no two runs could be compared.
    tables: results.toSorted((a, b) => (a.table < b.table ? -1 : 1)),
  };
  await saveRecord(run, record);
  logSummary(record, log);
  return record;
}

/**
 * Records a run that could not even find out what to replicate, so that `status` does not show the last good one as the
 * latest. A destination that was never loaded stays untouched.
 */
export async function recordFailedStart(
  run: Pick<SourceRun, 'runId' | 'source' | 'runStore' | 'clock' | 'log'>,
  thrown: unknown,
): Promise<void> {
  const error = toTributaryError(thrown);
  const atMs = run.clock.now();
  const notRun: PhaseResult = { exitStatus: null, message: null };
  const record: RunRecord = {
    runId: run.runId,
    source: run.source,
    startedAtMs: atMs,
    endedAtMs: atMs,
    discovery: { exitStatus: 1, message: error.message },
    extraction: notRun,
    load: notRun,
    tables: [],
  };
  run.log.info(`The run could not start: ${error.message} (${error.code})`);
  // A mistake on the command line is not a run.
  if (error.kind === 'user') return;
  try {
    if ((await run.runStore.readTables(run.source)).length > 0) await run.runStore.saveRun(record);
  } catch (saving) {
    run.log.warning(`The record of the run could not be saved: ${toTributaryError(saving).message}`);
  }
}

async function runTable(
  run: SourceRun,
  task: TableTask,
  signal: AbortSignal,
): Promise<{ readonly tableRun: TableRun; readonly error: TributaryError | null }> {
  const { clock, log } = run;
  const counters = createTableCounters(task.table);
  const startedAtMs = clock.now();
  let live: LiveVersion | null = null;
  let error: TributaryError | null = null;
  try {
    signal.throwIfAborted();
    run.onTable(counters);
    live = await task.run({ counters, signal });
  } catch (thrown) {
    error = toTributaryError(thrown);
    logFailure(task.table, error, log);
  }
  return { tableRun: tableRun({ counters, live, error, durationMs: clock.now() - startedAtMs }), error };
}

function tableRun(end: {
  readonly counters: TableCounters;
  readonly live: LiveVersion | null;
  readonly error: TributaryError | null;
  readonly durationMs: number;
}): TableRun {
  const { counters, error } = end;
  return {
    table: counters.table,
    outcome: error === null ? 'succeeded' : error.kind === 'cancelled' ? 'cancelled' : 'failed',
    rowsRead: counters.rowsRead,
    rowsLoaded: counters.rowsLoaded,
    rowsRejected: counters.rowsRejected,
    bytesRead: counters.bytesRead,
    capacityUnits: counters.capacityUnits,
    throttleCount: counters.throttleCount,
    scanCalls: counters.scanCalls,
    durationMs: end.durationMs,
    version: end.live?.version ?? null,
    liveRows: end.live?.rowCount ?? null,
    error: error === null ? null : { code: error.code, message: error.message, hint: error.hint },
  };
}

function refusedRun(table: string, error: TributaryError, log: Logger): TableRun {
  logFailure(table, error, log);
  return tableRun({ counters: createTableCounters(table), live: null, error, durationMs: 0 });
}

function logFailure(table: string, error: TributaryError, log: Logger): void {
  // A message of several lines ends with a mark under what is wrong: nothing may stand behind it.
  const text = error.message.includes('\n') ? `${error.message}\n${error.hint}` : `${error.message}. ${error.hint}`;
  if (error.kind === 'cancelled') log.warning(`${table}: ${text}`);
  else log.error(`${table}: ${text} (${error.code})`);
}

function isDestinationCode(code: string): boolean {
  return code.startsWith('DESTINATION_') || LOAD_CODES.has(code);
}

const LOAD_CODES: ReadonlySet<string> = new Set(['SHRINK_REFUSED', 'STATE_INVALID', 'FENCED', 'SCHEMA_TOO_WIDE']);

/** Errors about the destination as a whole: the next table would only wait for the same lock or fill the same disk. */
const OUTAGES: ReadonlySet<string> = new Set(['DESTINATION_LOCKED', 'DESTINATION_FULL', 'DESTINATION_READ_ONLY']);

function failuresOf(
  results: readonly TableRun[],
  matches: (code: string) => boolean,
): readonly { readonly message: string }[] {
  return results.flatMap(({ error }) => (error !== null && matches(error.code) ? [error] : []));
}

function phase(failures: readonly { readonly message: string }[]): PhaseResult {
  return { exitStatus: failures.length === 0 ? 0 : 1, message: failures[0]?.message ?? null };
}

/** The record of a run that failed because of the destination cannot be saved there either: the log has it all the same. */
async function saveRecord(run: SourceRun, record: RunRecord): Promise<void> {
  try {
    await run.runStore.saveRun(record);
  } catch (error) {
    if (record.tables.every(({ outcome }) => outcome === 'succeeded')) throw error;
    run.log.warning(`The record of the run could not be saved: ${toTributaryError(error).message}`);
  }
}

function logSummary(record: RunRecord, log: Logger): void {
  const sum = (pick: (table: TableRun) => number): number =>
    record.tables.reduce((total, table) => total + pick(table), 0);
  const seconds = ((record.endedAtMs ?? record.startedAtMs) - record.startedAtMs) / 1000;
  const failed = record.tables.filter(({ outcome }) => outcome !== 'succeeded').length;
  log.info(
    `${sum((table) => table.rowsRead)} rows read and ${sum((table) => table.rowsLoaded)} loaded in ${seconds.toFixed(1)} s, ` +
      `${sum((table) => table.capacityUnits).toFixed(1)} read capacity units, ${sum((table) => table.throttleCount)} throttles, ` +
      `${failed} of ${record.tables.length} tables not replicated`,
  );
  const status = ({ exitStatus, message }: PhaseResult): string =>
    `${exitStatus ?? 'running'}${message === null ? '' : ` (${message})`}`;
  log.info(
    `Exit status: discovery ${status(record.discovery)}, tap ${status(record.extraction)}, target ${status(record.load)}`,
  );
}
