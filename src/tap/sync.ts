import { randomUUID } from 'node:crypto';
import { DEFAULT_FLUSH_INTERVAL_MS } from '../config/schema.ts';
import type { Connection } from '../connection/clients.ts';
import { listShards } from '../extract/streams/list-shards.ts';
import { TributaryError, toTributaryError } from '../platform/errors.ts';
import { plural } from '../platform/format.ts';
import { createSlots } from '../platform/slots.ts';
import { createReplications, createTableTasks, type ReplicatedTable } from '../replication/create-replications.ts';
import { describeSource } from '../replication/log-based.ts';
import type { LogBasedReplication } from '../replication/log-based-replication.ts';
import { readingOf } from '../replication/run-log.ts';
import { runSource, type TableTask } from '../replication/source-run.ts';
import { createTableCounters } from '../replication/table-counters.ts';
import { tapLog } from '../replication/table-replication.ts';
import type { CatalogStream } from '../singer/catalog.ts';
import type { TapState } from '../singer/tap-state.ts';
import { createBatchFiles } from './batch-files.ts';
import { chosenTables, mostSerious } from './chosen-streams.ts';
import type { TapSurroundings } from './discover.ts';
import { createMetricsLog } from './metrics-log.ts';
import type { TapConfig } from './tap-config.ts';
import { createTapDestination, type TapDestination } from './tap-destination.ts';
import { tapError } from './tap-error.ts';
import type { TapSource } from './tap-source.ts';

export interface TapSync {
  readonly config: TapConfig;
  /** In the order in which they are replicated, unless they follow their stream: those go side by side. */
  readonly streams: readonly CatalogStream[];
  readonly state: TapState;
  readonly connection: Connection;
}

/** As the Python tap, and a bookmark can tell only of one table that it is being read. */
const TABLE_CONCURRENCY = 1;
/** A pipe takes rows as fast as they are read, or nothing: more in memory would only wait. */
const SCAN_MEMORY_BYTES = 12 * 1024 * 1024;
const STREAM_MEMORY_BYTES = 8 * 1024 * 1024;

/**
 * Replicates the streams once. Resolves to what the run failed with, null when every stream was replicated; rejects when
 * it could not start, with nothing written then.
 */
export async function syncStreams(
  { config, streams, state, connection }: TapSync,
  surroundings: TapSurroundings,
): Promise<TributaryError | null> {
  const { output, clock, log, signal } = surroundings;
  if (streams.length === 0) {
    log.warning('The catalog selects no stream: nothing is read. Set "selected": true in the metadata of a stream');
    return null;
  }
  const { connection: options, consistentRead, limits, shards } = config;
  const runId = randomUUID();
  const batches = config.batches === null ? null : createBatchFiles(config.batches, runId);
  const followed = new Set(
    [...state.bookmarks].flatMap(([stream, bookmark]) => (bookmark.finishedShards === null ? [] : [stream])),
  );
  const tables = await chosenTables(streams, { connection, consistentRead, followed }, surroundings);
  const destination: TapDestination = createTapDestination({
    ...{ output, state, streams, clock, log, inferSchema: config.inferSchema },
    batches,
    sourceOf: (table, tableSignal) => sourceOf(replicationOf(table, tableSignal)),
  });
  const replication = {
    ...{ source: options.source, connection, destination, shards, clock, log },
    names: new Map(tables.map(({ table }) => [table, table])),
    limits: {
      ...{ ...limits, flushIntervalMs: DEFAULT_FLUSH_INTERVAL_MS, tableConcurrency: TABLE_CONCURRENCY },
      ...{ scanMemoryBytes: SCAN_MEMORY_BYTES, streamMemoryBytes: STREAM_MEMORY_BYTES },
    },
    // A target keeps its rows until ACTIVATE_VERSION; whether that is honoured, and undone, is its affair.
    allowShrink: true,
    onProgress: () => {},
  };
  const replicationOf = (table: string, tableSignal: AbortSignal): LogBasedReplication =>
    createReplications(replication, tables)(tableNamed(table, tables), {
      counters: createTableCounters(table),
      signal: tableSignal,
      scanSlots: createSlots(1),
      onCaughtUp: null,
    });
  const refused = await prepare(tables, { destination, signal });
  const metrics = createMetricsLog({ clock, log });
  const failures = [...refused.values()];
  const onFailure = (error: TributaryError): void => void failures.push(error);
  let failedCount = tables.length;
  // Role keys that a deployment leaves empty by mistake must not go unnoticed.
  const identity = options.roles.length === 0 ? ', with the default AWS credentials and no role' : '';
  log.info(`Starting sync of ${plural(tables.length, 'stream')}${identity}`);
  try {
    const record = await runSource({
      ...{ runId, source: options.source, runStore: destination.runStore, refused, isContinuous: false },
      tasks: createTableTasks(replication, tables)
        .filter(({ table }) => !refused.has(table))
        .map((task) => reported(task, { destination, clock, onFailure })),
      tableConcurrency: TABLE_CONCURRENCY,
      onTable: metrics.add,
      ...{ clock, log, signal },
    });
    failedCount = record.tables.filter(({ outcome }) => outcome !== 'succeeded').length;
    log.info(`Finished sync: ${readingOf(record)}`);
  } finally {
    metrics.stop(failedCount === 0 ? 'succeeded' : 'failed');
    await destination.close();
  }
  return failedCount === 0 ? null : failureOf(failures, { failedCount, count: tables.length });
}

/**
 * Makes out where the bookmarks go on. Resolves to the streams for which that could not be asked; rejects with
 * STATE_INVALID for all that nobody can go on with, before anything is written.
 */
async function prepare(
  tables: readonly ReplicatedTable[],
  { destination, signal }: { readonly destination: TapDestination; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, TributaryError>> {
  const refused = new Map<string, TributaryError>();
  for (const { table } of tables) {
    try {
      await destination.resume(table, { signal });
    } catch (error) {
      if (signal.aborted || !(error instanceof TributaryError)) throw error;
      refused.set(table, tapError(error, table));
    }
  }
  const invalid = [...refused.values()].filter(({ code }) => code === 'STATE_INVALID');
  const [first] = invalid;
  if (first === undefined) return refused;
  if (invalid.length === 1) throw first;
  const list = invalid.map(({ message }) => `\n- ${message}`).join('');
  throw new TributaryError('STATE_INVALID', `The state cannot be gone on with:${list}`, { hint: first.hint });
}

/** Streams that were not even begun have no failure of their own: the run was stopped. */
function failureOf(
  failures: readonly TributaryError[],
  { failedCount, count }: { readonly failedCount: number; readonly count: number },
): TributaryError {
  const kinds = failures.map(({ kind }) => kind);
  const bug = failures.find(({ kind }) => kind === 'bug');
  const failed = count === 1 ? 'The stream was' : `${failedCount} of ${plural(count, 'stream')}`;
  return new TributaryError('TABLES_FAILED', `${failed} not replicated`, {
    hint: 'What each failed with is said above; what was written is kept',
    kind: kinds.length === 0 ? 'cancelled' : mostSerious(kinds),
    // Whose trace is worth a report.
    cause: bug?.cause ?? bug,
  });
}

/** The STATE of success comes when all of a table is written; failures keep their kind, which a run record has not. */
function reported(
  task: TableTask,
  {
    destination,
    clock,
    onFailure,
  }: {
    readonly destination: TapDestination;
    readonly clock: TapSurroundings['clock'];
    readonly onFailure: (error: TributaryError) => void;
  },
): TableTask {
  return {
    ...task,
    run: async (context) => {
      try {
        const live = await task.run(context);
        await destination.succeeded(task.table, clock.now());
        return live;
      } catch (thrown) {
        const error = tapError(toTributaryError(thrown), task.table);
        onFailure(error);
        throw error;
      }
    },
  };
}

/** What a bookmark that another tap has written is read with. */
async function sourceOf(run: LogBasedReplication): Promise<TapSource> {
  const { identity, layout, key, streamArn } = await describeSource(run);
  const rate = run.describeRate;
  const listing = streamArn === '' ? [] : (await listShards({ ...run, log: tapLog(run), rate, streamArn })).shards;
  return { identity, layout, key, streamArn, listing, awsNowMs: run.awsTime.now() };
}

function tableNamed(name: string, tables: readonly ReplicatedTable[]): ReplicatedTable {
  const table = tables.find((candidate) => candidate.table === name);
  if (table === undefined) throw new TributaryError('BUG', `${name} is no stream of this run`);
  return table;
}
