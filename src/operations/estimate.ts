import type { ReplicationMethod } from '../config/tributary-config.ts';
import type { CatalogTable } from '../discovery/catalog.ts';
import { capacityOf, describeReadable } from '../discovery/readable-table.ts';
import { estimateScan, type ScanEstimate } from '../extract/scan/estimate.ts';
import { unitsPerSecond } from '../extract/scan/read-limit.ts';
import { parseTableRef } from '../model/table.ts';
import type { TableState } from '../model/table-state.ts';
import { orAbort } from '../platform/abort.ts';
import { type TributaryError, toTributaryError } from '../platform/errors.ts';
import { chooseTables } from './choose-tables.ts';
import { followedTables } from './followed-tables.ts';
import { TABLE_CONCURRENCY } from './replication-surroundings.ts';
import type { TablesRequest } from './tables-request.ts';

export interface TableEstimate {
  readonly table: string;
  /** Null where the table is refused before its method matters. */
  readonly method: ReplicationMethod | null;
  /** The first reading is behind it: only changes are read, which costs no capacity of the table. */
  readonly readsStreamOnly: boolean;
  /** Of the Scan. Null when there is none, and when the table cannot be read; `error` says why. */
  readonly estimate: ScanEstimate | null;
  readonly error: TributaryError | null;
}

/** What the next run would read, take and cost, table by table; nothing but free calls is made. */
export async function estimate(request: TablesRequest): Promise<readonly TableEstimate[]> {
  const { source, connection, destination, clock, log, signal } = request;
  const stored = await orAbort(destination.runStore.readTables(source.name), signal);
  const { chosen, refused } = await chooseTables({ ...request, followed: followedTables(stored) });
  const tablesAtOnce = Math.max(1, Math.min(TABLE_CONCURRENCY, chosen.length));
  const states = new Map(stored.map((state) => [state.table, state]));
  const estimates: TableEstimate[] = [...refused].map(([table, error]) => ({
    ...{ table, method: null, readsStreamOnly: false, estimate: null, error },
  }));
  for (const { config } of chosen) {
    const { table, method } = config;
    const known = { table, method, readsStreamOnly: false, estimate: null, error: null };
    try {
      const onWait = (message: string): void => log.info(message);
      const readable = await describeReadable(connection, parseTableRef(table), { clock, signal, onWait });
      if (method === 'LOG_BASED' && followsStream(states.get(table), readable.table)) {
        estimates.push({ ...known, readsStreamOnly: true });
        continue;
      }
      const scan = estimateScan({
        size: readable,
        consistentRead: config.consistentRead,
        unitsPerSecond: unitsPerSecond(source.readCapacity, capacityOf(readable), tablesAtOnce),
        onDemand: readable.table.billingMode === 'PAY_PER_REQUEST',
        region: source.connection.region,
        pricePerMillionReadsUsd: source.pricePerMillionReadsUsd,
      });
      estimates.push({ ...known, estimate: scan });
    } catch (error) {
      signal.throwIfAborted();
      estimates.push({ ...known, error: toTributaryError(error) });
    }
  }
  return estimates;
}

/** Another table or another stream under the name would be read again. */
function followsStream(state: TableState | undefined, { identity, stream }: CatalogTable): boolean {
  if (state?.phase !== 'following' || state.resetRequested) return false;
  return state.loading?.identity === identity && state.loading.stream?.arn === stream.arn;
}
