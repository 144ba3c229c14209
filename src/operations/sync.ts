import type { SourceConfig } from '../config/tributary-config.ts';
import type { Connection } from '../connection/clients.ts';
import type { Destination } from '../load/destination.ts';
import type { RunRecord } from '../model/run.ts';
import { parseTableRef } from '../model/table.ts';
import { orAbort } from '../platform/abort.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { createTableTasks } from '../replication/create-replications.ts';
import { logRunStart, logRunSummary } from '../replication/run-log.ts';
import { recordFailedStart, runSource } from '../replication/source-run.ts';
import type { TableCounters } from '../replication/table-counters.ts';
import { destinationTableName } from '../schema/naming.ts';
import { type ChosenTable, chooseTables } from './choose-tables.ts';
import { followedTables } from './followed-tables.ts';
import { replicatedTable, replicationSurroundings, TABLE_CONCURRENCY } from './replication-surroundings.ts';

export interface SyncRequest {
  readonly source: SourceConfig;
  /** Only these tables of the selection; empty means all. */
  readonly tables: readonly string[];
  readonly allowShrink: boolean;
  /** Tables that follow their stream do so until the signal aborts. */
  readonly isContinuous: boolean;
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
  const { source, destination, clock, log, signal } = request;
  await destination.preflight?.({ signal });
  const { chosen, refused } = await choose(request);
  const surroundings = replicationSurroundings({ ...request, names: await destinationNames(request, chosen) });
  const run = { runId: request.runId, source: source.name };
  logRunStart({ ...run, tableCount: chosen.length + refused.size }, log);
  const record = await runSource({
    ...run,
    tasks: createTableTasks(surroundings, chosen.map(replicatedTable)),
    tableConcurrency: TABLE_CONCURRENCY,
    refused,
    runStore: destination.runStore,
    isContinuous: request.isContinuous,
    clock,
    log,
    onTable: request.onTable,
    signal,
  });
  logRunSummary(record, log);
  return record;
}

async function choose(request: SyncRequest): ReturnType<typeof chooseTables> {
  // Outside: a destination that cannot be read holds no record of that either.
  const stored = await orAbort(request.destination.runStore.readTables(request.source.name), request.signal);
  try {
    return await chooseTables({ ...request, followed: followedTables(stored) });
  } catch (error) {
    const { runId, source, destination, clock, log } = request;
    await recordFailedStart({ runId, source: source.name, runStore: destination.runStore, clock, log }, error);
    throw error;
  }
}

/** Table names at the destination: those of earlier runs stay; a new one avoids all that are taken. */
export async function destinationNames(
  { source, destination, signal }: Pick<SyncRequest, 'source' | 'destination' | 'signal'>,
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
