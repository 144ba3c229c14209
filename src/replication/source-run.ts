import type { PhaseResult, RunRecord, TableRun } from '../model/run.ts';
import type { RunStore } from '../model/run-store.ts';
import type { Clock } from '../platform/clock.ts';
import { type TributaryError, toTributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { createSlots, type Slots } from '../platform/slots.ts';
import type { LiveVersion } from './log-based-replication.ts';
import { createTableCounters, type TableCounters } from './table-counters.ts';

/** What a table gets from the run that it is part of. */
export interface TableTaskContext {
  readonly counters: TableCounters;
  readonly signal: AbortSignal;
  /** Places among the tables that are scanned. A FULL_TABLE task has one for as long as it runs. */
  readonly scanSlots: Slots;
  /**
   * Said by a table that follows its stream when it could end. It goes on until the promise resolves, which is when every
   * table of the run could: no table ages out while another one is read. Null in a run without end.
   */
  readonly onCaughtUp: (() => Promise<void>) | null;
}

/** One table of a run: replicates it and resolves to the version that readers see now and its rows. */
export interface TableTask {
  readonly table: string;
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
  run(context: TableTaskContext): Promise<LiveVersion>;
}

interface SourceRun {
  readonly runId: string;
  readonly source: string;
  readonly tasks: readonly TableTask[];
  /** Tables that discovery has already ruled out, with the reason. */
  readonly refused: ReadonlyMap<string, TributaryError>;
  readonly runStore: RunStore;
  /** Tables that are scanned at the same time. */
  readonly tableConcurrency: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Tables that follow their stream do so until the signal aborts. */
  readonly isContinuous: boolean;
  /** Called with the counters of every table as it starts. */
  readonly onTable: (counters: TableCounters) => void;
  readonly signal: AbortSignal;
}

/**
 * One run of a source: tables that follow their stream all at once, so that none waits for another, the others a few at a
 * time. One failing table does not stop the others, unless the destination itself is out of reach. Always ends with a
 * saved record, unless another process kept it out of the destination; rejects only if that cannot be saved and nothing
 * else failed.
 */
export async function runSource(run: SourceRun): Promise<RunRecord> {
  const { clock, log } = run;
  const startedAtMs = clock.now();
  const results: TableRun[] = [...run.refused].map(([table, error]) => refusedRun(table, error, log));

  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const scanSlots = createSlots(run.tableConcurrency);
  const caughtUp = createRendezvous(run.tasks.length);
  const runTask = async (task: TableTask): Promise<void> => {
    const arrive = caughtUp.participant();
    const onCaughtUp = run.isContinuous ? null : arrive;
    try {
      results.push(
        await runTable(run, task, { signal, scanSlots, onCaughtUp, onOutage: (error) => stop.abort(error) }),
      );
    } finally {
      // Whatever has happened to it: the others must not wait for it.
      void arrive();
    }
  };
  // Whatever one of them throws, all are awaited: the destination is closed after this.
  const tasks = await Promise.allSettled(run.tasks.map(runTask));
  const broken = tasks.find((outcome) => outcome.status === 'rejected');
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

/** Where a number of participants wait for each other. */
function createRendezvous(count: number): { participant(): () => Promise<void> } {
  let missing = count;
  let open = (): void => {};
  const everybody = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    participant() {
      let hasArrived = false;
      return () => {
        if (!hasArrived) missing -= 1;
        hasArrived = true;
        if (missing === 0) open();
        return everybody;
      };
    },
  };
}

async function runTable(
  run: SourceRun,
  task: TableTask,
  { onOutage, ...context }: Omit<TableTaskContext, 'counters'> & { readonly onOutage: (error: TributaryError) => void },
): Promise<TableRun> {
  const { clock, log } = run;
  const { signal, scanSlots } = context;
  const counters = createTableCounters(task.table);
  let startedAtMs = clock.now();
  let live: LiveVersion | null = null;
  let error: TributaryError | null = null;
  let giveBack = (): void => {};
  try {
    signal.throwIfAborted();
    if (task.method === 'FULL_TABLE') giveBack = await scanSlots.take(signal);
    startedAtMs = clock.now();
    run.onTable(counters);
    live = await task.run({ ...context, counters });
  } catch (thrown) {
    error = toTributaryError(thrown);
    counters.failedWith = error.code;
    logFailure(task.table, error, log);
    // Before its place is given back: a table that waits for it must not begin.
    if (OUTAGES.has(error.code) && !run.isContinuous) onOutage(error);
  } finally {
    giveBack();
  }
  return tableRun({ counters, live, error, durationMs: clock.now() - startedAtMs });
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
    changesRead: counters.changesRead,
    rowsDeleted: counters.rowsDeleted,
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
  // It is over for all tables alike: whoever runs them says why, once.
  if (error.code === 'OUTPUT_CLOSED') {
    log.warning(`${table}: not read to its end`);
    return;
  }
  // A message of several lines ends with a mark under what is wrong: nothing may stand behind it.
  const text = error.message.includes('\n') ? `${error.message}\n${error.hint}` : `${error.message}. ${error.hint}`;
  if (error.kind === 'cancelled') log.warning(`${table}: ${text}`);
  else log.error(`${table}: ${text} (${error.code})`);
}

function isDestinationCode(code: string): boolean {
  return code.startsWith('DESTINATION_') || LOAD_CODES.has(code);
}

const LOAD_CODES: ReadonlySet<string> = new Set([
  'SHRINK_REFUSED',
  'STATE_INVALID',
  'FENCED',
  'SCHEMA_TOO_WIDE',
  'TARGET_UNUSABLE',
  'TARGET_REFUSES',
  'TARGET_FAILED',
  'TARGET_HUNG',
  'OUTPUT_CLOSED',
]);

/** Errors about the destination as a whole: the next table would only wait for the same lock or fill the same disk. */
const OUTAGES: ReadonlySet<string> = new Set([
  'DESTINATION_LOCKED',
  'DESTINATION_FULL',
  'DESTINATION_READ_ONLY',
  'TARGET_UNUSABLE',
  'TARGET_REFUSES',
  'OUTPUT_CLOSED',
]);

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
  // It began later than the run that holds the destination, and would hide how that one ends.
  if (wasKeptOut(record)) return;
  try {
    await run.runStore.saveRun(record);
  } catch (error) {
    if (record.tables.every(({ outcome }) => outcome === 'succeeded')) throw error;
    run.log.warning(`The record of the run could not be saved: ${toTributaryError(error).message}`);
  }
}

/** Whether another process had the destination all the time. */
function wasKeptOut({ tables }: RunRecord): boolean {
  const hasLoaded = tables.some(({ outcome, rowsLoaded }) => outcome === 'succeeded' || rowsLoaded > 0);
  return !hasLoaded && tables.some(({ error }) => error?.code === 'DESTINATION_LOCKED');
}
