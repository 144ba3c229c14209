import type { Connection } from '../connection/clients.ts';
import { createScanPageFetcher } from '../connection/scan-page.ts';
import { createStreamCalls } from '../connection/stream-calls.ts';
import { describeTimeToLive } from '../discovery/describe-table.ts';
import { expiryAttribute } from '../discovery/expiry-attribute.ts';
import { capacityOf, describeReadable } from '../discovery/readable-table.ts';
import { type ReadCapacity, unitsPerSecond } from '../extract/scan/read-limit.ts';
import { createDescribeRate } from '../extract/streams/describe-rate.ts';
import type { Destination } from '../load/destination.ts';
import type { Deletes, TtlDeletes } from '../model/deletes.ts';
import type { ParsedProjection } from '../model/projection.ts';
import { parseTableRef } from '../model/table.ts';
import { ByteBudget } from '../platform/byte-budget.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { sourceSchemaName } from '../schema/naming.ts';
import { replicateFullTable } from './full-table.ts';
import { replicateLogBased } from './log-based.ts';
import type { LogBasedReplication } from './log-based-replication.ts';
import type { TableTask, TableTaskContext } from './source-run.ts';
import type { TableReplication } from './table-replication.ts';

/** Pages that are in memory at once, over all tables: those being read, those waiting for a commit, those in it. */
const MEMORY_BYTES = 48 * 1024 * 1024;
/**
 * Where a table follows a stream. Less: a commit that merges holds its rows twice. Streams have memory of their own, so
 * that a Scan never takes what they need to go on.
 */
const SCAN_MEMORY_BESIDE_STREAMS_BYTES = 20 * 1024 * 1024;
const STREAM_MEMORY_BYTES = 12 * 1024 * 1024;

/** A table and how it is replicated. */
export interface ReplicatedTable {
  /** `table` or `table/index`, see TableRef. */
  readonly table: string;
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
  readonly projection: ParsedProjection | null;
  readonly consistentRead: boolean;
  /** Drops the attributes that legacy global tables add to items. */
  readonly stripGlobalTableAttributes: boolean;
  /** From here on of LOG_BASED tables. */
  readonly deletes: Deletes;
  /** Deleted rows carry the values that they had; else only their key. */
  readonly keepLastImage: boolean;
  readonly ttlDeletes: TtlDeletes;
  readonly onGap: 'resync' | 'fail';
}

export interface ReplicationLimits {
  /** Requests to DynamoDB that may be in flight at once, over all tables. */
  readonly maxConcurrency: number;
  /** Null means no limit. */
  readonly readCapacity: ReadCapacity | null;
  /** How often changes are committed while streams are followed. */
  readonly flushIntervalMs: number;
  /** Tables that are scanned at the same time. */
  readonly tableConcurrency: number;
  /** In how many segments a table is scanned; null: by its size. */
  readonly segments: number | null;
  /** Pages of Scans in memory, where it is to be less than usual. */
  readonly scanMemoryBytes?: number;
  /** Answers of streams in memory, where it is to be less than usual. */
  readonly streamMemoryBytes?: number;
}

export interface ReplicationSurroundings {
  /** Name of the source. */
  readonly source: string;
  readonly connection: Connection;
  readonly destination: Destination;
  /** The name of each table at the destination. */
  readonly names: ReadonlyMap<string, string>;
  readonly limits: ReplicationLimits;
  /** Whether streams are read to their end, or only as far as their shards are closed. */
  readonly shards: 'open' | 'closed';
  readonly allowShrink: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onProgress: () => void;
}

/** What a run does for each table; the tasks share one budget of memory and one rate of DescribeStream calls. */
export function createTableTasks(
  surroundings: ReplicationSurroundings,
  tables: readonly ReplicatedTable[],
): readonly TableTask[] {
  const replicationOf = createReplications(surroundings, tables);
  return tables.map((table) => ({
    table: table.table,
    method: table.method,
    run: (context) =>
      table.method === 'FULL_TABLE'
        ? replicateFullTable(replicationOf(table, context))
        : replicateLogBased(replicationOf(table, context)),
  }));
}

/** How each of the tables is replicated, in the context of a run. */
export function createReplications(
  surroundings: ReplicationSurroundings,
  tables: readonly ReplicatedTable[],
): (table: ReplicatedTable, context: TableTaskContext) => LogBasedReplication {
  const { connection, limits, shards, clock } = surroundings;
  const tablesAtOnce = Math.max(1, Math.min(limits.tableConcurrency, tables.length));
  const hasStreams = tables.some(({ method }) => method === 'LOG_BASED');
  const scanMemoryBytes = hasStreams ? SCAN_MEMORY_BESIDE_STREAMS_BYTES : MEMORY_BYTES;
  const memory = new ByteBudget(limits.scanMemoryBytes ?? scanMemoryBytes);
  const shared = {
    shards,
    calls: createStreamCalls(connection),
    describeRate: createDescribeRate(clock),
    streamMemory: new ByteBudget(limits.streamMemoryBytes ?? STREAM_MEMORY_BYTES),
    // The other half is for Scans, which must not starve; sockets bound both together.
    streamConcurrency: Math.max(1, Math.floor(limits.maxConcurrency / 2)),
    flushIntervalMs: limits.flushIntervalMs,
  };
  const fetchPage = createScanPageFetcher(connection);
  return (table, context) => ({
    ...tableReplication(surroundings, { table, tablesAtOnce }, context),
    memory,
    fetchPage,
    ...shared,
    awsTime: connection.awsTime,
    deletes: table.deletes,
    records: { deletedImage: table.keepLastImage ? 'old' : 'key', ttlDeletes: table.ttlDeletes },
    onGap: table.onGap,
    keepExpiredBy: (signal) => keptAfterExpiry(connection, table, signal),
    scanSlots: context.scanSlots,
    onCaughtUp: context.onCaughtUp,
  });
}

function tableReplication(
  surroundings: ReplicationSurroundings,
  { table, tablesAtOnce }: { readonly table: ReplicatedTable; readonly tablesAtOnce: number },
  { counters, signal }: TableTaskContext,
): Omit<TableReplication, 'memory' | 'fetchPage'> {
  const { source, connection, destination, limits, allowShrink, clock, log, onProgress } = surroundings;
  const ref = parseTableRef(table.table);
  return {
    target: { source, table: table.table },
    ref,
    projection: table.projection,
    consistentRead: table.consistentRead,
    dropGlobalTableAttributes: table.stripGlobalTableAttributes,
    segments: limits.segments,
    segmentConcurrency: Math.max(1, Math.floor(limits.maxConcurrency / tablesAtOnce)),
    destinationSchema: sourceSchemaName(source),
    destinationTable: nameOf(surroundings.names, table),
    allowShrink,
    describe: async (describeSignal) => {
      const onWait = (message: string): void => log.at('tap').info(message);
      const readable = await describeReadable(connection, ref, { clock, signal: describeSignal, onWait });
      return {
        ...readable,
        stream: readable.table.stream,
        unitsPerSecond: unitsPerSecond(limits.readCapacity, capacityOf(readable), tablesAtOnce),
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
  { table, ttlDeletes, projection }: ReplicatedTable,
  signal: AbortSignal,
): Promise<string | null> {
  if (ttlDeletes !== 'ignore') return null;
  const timeToLive = await describeTimeToLive(connection, parseTableRef(table).table, signal);
  return expiryAttribute(table, { timeToLive, projection });
}

function nameOf(names: ReadonlyMap<string, string>, { table }: ReplicatedTable): string {
  const name = names.get(table);
  if (name === undefined) throw new TributaryError('BUG', `Table ${table} has no name at the destination`);
  return name;
}
