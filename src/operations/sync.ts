import type { SourceConfig, TableConfig } from '../config/tributary-config.ts';
import type { Connection } from '../connection/clients.ts';
import { createScanPageFetcher } from '../connection/scan-page.ts';
import { capacityOf, describeReadable } from '../discovery/readable-table.ts';
import { unitsPerSecond } from '../extract/scan/read-limit.ts';
import type { Destination } from '../load/destination.ts';
import type { RunRecord } from '../model/run.ts';
import { parseTableRef } from '../model/table.ts';
import { orAbort } from '../platform/abort.ts';
import { ByteBudget } from '../platform/byte-budget.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { replicateFullTable } from '../replication/full-table.ts';
import { recordFailedStart, runSource, TABLE_CONCURRENCY, type TableTask } from '../replication/source-run.ts';
import type { TableCounters } from '../replication/table-counters.ts';
import { destinationTableName, sourceSchemaName } from '../schema/naming.ts';
import { chooseTables } from './choose-tables.ts';

/** Pages that are in memory at once, over all tables: those being read, those waiting for a commit, those in it. */
const MEMORY_BYTES = 48 * 1024 * 1024;

export interface SyncRequest {
  readonly source: SourceConfig;
  /** Only these tables of the selection; empty means all. */
  readonly tables: readonly string[];
  readonly allowShrink: boolean;
  readonly runId: string;
  readonly connection: Connection;
  readonly destination: Destination;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with the counters of each table when it starts; they are updated in place. */
  readonly onTable: (counters: TableCounters) => void;
  readonly onProgress: () => void;
  readonly signal: AbortSignal;
}

/**
 * One run of a source: every selected table is replicated, failures of single tables are recorded in the answer. Rejects
 * only when nothing could be started: nothing selected, or the source out of reach.
 */
export async function sync(request: SyncRequest): Promise<RunRecord> {
  const { source, connection, destination, clock, log, signal } = request;
  const { chosen, refused } = await choose(request);
  const names = await destinationNames(request, chosen);
  const tablesAtOnce = Math.max(1, Math.min(TABLE_CONCURRENCY, chosen.length));
  const memory = new ByteBudget(MEMORY_BYTES);
  const fetchPage = createScanPageFetcher(connection);

  const task = (table: ChosenTable): TableTask => ({
    table: table.config.table,
    run: ({ counters, signal: tableSignal }) =>
      replicateFullTable({
        target: { source: source.name, table: table.config.table },
        ref: parseTableRef(table.config.table),
        projection: table.projection,
        consistentRead: table.config.consistentRead,
        segmentConcurrency: Math.max(1, Math.floor(source.maxConcurrency / tablesAtOnce)),
        destinationSchema: sourceSchemaName(source.name),
        destinationTable: nameOf(names, table.config),
        allowShrink: request.allowShrink,
        describe: async (describeSignal) => {
          const ref = parseTableRef(table.config.table);
          const onWait = (message: string): void => log.at('tap').info(message);
          const readable = await describeReadable(connection, ref, { clock, signal: describeSignal, onWait });
          return {
            ...readable,
            unitsPerSecond: unitsPerSecond(source.readCapacity, capacityOf(readable), tablesAtOnce),
          };
        },
        fetchPage,
        destination,
        memory,
        counters,
        clock,
        log,
        onProgress: request.onProgress,
        signal: tableSignal,
      }),
  });
  return await runSource({
    runId: request.runId,
    source: source.name,
    tasks: chosen.map(task),
    refused,
    runStore: destination.runStore,
    clock,
    log,
    onTable: request.onTable,
    signal,
  });
}

async function choose(request: SyncRequest): ReturnType<typeof chooseTables> {
  try {
    return await chooseTables(request);
  } catch (error) {
    const { runId, source, destination, clock, log } = request;
    await recordFailedStart({ runId, source: source.name, runStore: destination.runStore, clock, log }, error);
    throw error;
  }
}

type ChosenTable = Awaited<ReturnType<typeof chooseTables>>['chosen'][number];

/** Table names at the destination: those of earlier runs stay; a new one avoids all that are taken. */
async function destinationNames(
  { source, destination, signal }: SyncRequest,
  chosen: readonly ChosenTable[],
): Promise<ReadonlyMap<string, string>> {
  const stored = await orAbort(destination.runStore.readTables(source.name), signal);
  const names = new Map(stored.map(({ table, destinationTable }) => [table, destinationTable]));
  for (const { config } of chosen) {
    if (names.has(config.table)) continue;
    names.set(config.table, destinationTableName(parseTableRef(config.table), new Set(names.values())));
  }
  return names;
}

function nameOf(names: ReadonlyMap<string, string>, { table }: TableConfig): string {
  const name = names.get(table);
  if (name === undefined) throw new TributaryError('BUG', `Table ${table} has no name at the destination`);
  return name;
}
