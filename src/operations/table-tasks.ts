import type { SourceConfig, TableConfig } from '../config/tributary-config.ts';
import type { Connection } from '../connection/clients.ts';
import { createScanPageFetcher } from '../connection/scan-page.ts';
import { createStreamCalls } from '../connection/stream-calls.ts';
import { describeTimeToLive } from '../discovery/describe-table.ts';
import { expiryAttribute } from '../discovery/expiry-attribute.ts';
import { capacityOf, describeReadable } from '../discovery/readable-table.ts';
import { unitsPerSecond } from '../extract/scan/read-limit.ts';
import { createDescribeRate } from '../extract/streams/describe-rate.ts';
import type { Destination } from '../load/destination.ts';
import type { ParsedProjection } from '../model/projection.ts';
import { parseTableRef } from '../model/table.ts';
import { ByteBudget } from '../platform/byte-budget.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { replicateFullTable } from '../replication/full-table.ts';
import { replicateLogBased } from '../replication/log-based.ts';
import type { LogBasedReplication } from '../replication/log-based-replication.ts';
import { TABLE_CONCURRENCY, type TableTask, type TableTaskContext } from '../replication/source-run.ts';
import type { TableReplication } from '../replication/table-replication.ts';
import { sourceSchemaName } from '../schema/naming.ts';

/** Pages that are in memory at once, over all tables: those being read, those waiting for a commit, those in it. */
const MEMORY_BYTES = 48 * 1024 * 1024;
/**
 * Where a table follows a stream. Less: a commit that merges holds its rows twice. Streams have memory of their own, so
 * that a Scan never takes what they need to go on.
 */
const SCAN_MEMORY_BESIDE_STREAMS_BYTES = 20 * 1024 * 1024;
const STREAM_MEMORY_BYTES = 12 * 1024 * 1024;

export interface ChosenTable {
  readonly config: TableConfig;
  readonly projection: ParsedProjection | null;
}

interface TaskSurroundings {
  readonly source: SourceConfig;
  readonly connection: Connection;
  readonly destination: Destination;
  /** By table, see `destinationNames`. */
  readonly names: ReadonlyMap<string, string>;
  readonly allowShrink: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onProgress: () => void;
}

/** What a run does for each table; the tasks share one budget of memory and one rate of DescribeStream calls. */
export function createTableTasks(surroundings: TaskSurroundings, chosen: readonly ChosenTable[]): readonly TableTask[] {
  const replicationOf = createReplications(surroundings, chosen);
  return chosen.map((table) => ({
    table: table.config.table,
    method: table.config.method,
    run: (context) =>
      table.config.method === 'FULL_TABLE'
        ? replicateFullTable(replicationOf(table, context))
        : replicateLogBased(replicationOf(table, context)),
  }));
}

/** How each of the tables is replicated, in the context of a run. */
export function createReplications(
  surroundings: TaskSurroundings,
  chosen: readonly ChosenTable[],
): (table: ChosenTable, context: TableTaskContext) => LogBasedReplication {
  const { source, connection, clock } = surroundings;
  const tablesAtOnce = Math.max(1, Math.min(TABLE_CONCURRENCY, chosen.length));
  const hasStreams = chosen.some(({ config }) => config.method === 'LOG_BASED');
  const memory = new ByteBudget(hasStreams ? SCAN_MEMORY_BESIDE_STREAMS_BYTES : MEMORY_BYTES);
  const shared = {
    calls: createStreamCalls(connection),
    describeRate: createDescribeRate(clock),
    streamMemory: new ByteBudget(STREAM_MEMORY_BYTES),
    // The other half is for Scans, which must not starve; sockets bound both together.
    streamConcurrency: Math.max(1, Math.floor(source.maxConcurrency / 2)),
  };
  const fetchPage = createScanPageFetcher(connection);
  return ({ config, projection }, context) => ({
    ...tableReplication(surroundings, { config, projection, tablesAtOnce }, context),
    memory,
    fetchPage,
    ...shared,
    awsTime: connection.awsTime,
    deletes: config.deletes,
    records: { deletedImage: config.keepLastImage ? 'old' : 'key', ttlDeletes: config.ttlDeletes },
    onGap: config.onGap,
    keepExpiredBy: (signal) => keptAfterExpiry(connection, { config, projection }, signal),
    flushIntervalMs: source.flushIntervalMs,
    scanSlots: context.scanSlots,
    onCaughtUp: context.onCaughtUp,
  });
}

function tableReplication(
  surroundings: TaskSurroundings,
  { config, projection, tablesAtOnce }: ChosenTable & { readonly tablesAtOnce: number },
  { counters, signal }: TableTaskContext,
): Omit<TableReplication, 'memory' | 'fetchPage'> {
  const { source, connection, destination, names, allowShrink, clock, log, onProgress } = surroundings;
  const ref = parseTableRef(config.table);
  return {
    target: { source: source.name, table: config.table },
    ref,
    projection,
    consistentRead: config.consistentRead,
    dropGlobalTableAttributes: config.stripGlobalTableAttributes,
    segmentConcurrency: Math.max(1, Math.floor(source.maxConcurrency / tablesAtOnce)),
    destinationSchema: sourceSchemaName(source.name),
    destinationTable: nameOf(names, config),
    allowShrink,
    describe: async (describeSignal) => {
      const onWait = (message: string): void => log.at('tap').info(message);
      const readable = await describeReadable(connection, ref, { clock, signal: describeSignal, onWait });
      return {
        ...readable,
        stream: readable.table.stream,
        unitsPerSecond: unitsPerSecond(source.readCapacity, capacityOf(readable), tablesAtOnce),
      };
    },
    destination,
    counters,
    clock,
    log,
    onProgress,
    signal,
  };
}

/** Rows that expired unseen are kept only where the destination is the archive of what Time to Live deletes. */
async function keptAfterExpiry(
  connection: Connection,
  { config: { table, ttlDeletes }, projection }: ChosenTable,
  signal: AbortSignal,
): Promise<string | null> {
  if (ttlDeletes !== 'ignore') return null;
  const timeToLive = await describeTimeToLive(connection, parseTableRef(table).table, signal);
  return expiryAttribute(table, { timeToLive, projection });
}

function nameOf(names: ReadonlyMap<string, string>, { table }: TableConfig): string {
  const name = names.get(table);
  if (name === undefined) throw new TributaryError('BUG', `Table ${table} has no name at the destination`);
  return name;
}
