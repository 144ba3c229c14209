import type { SourceConfig } from '../config/tributary-config.ts';
import type { Connection } from '../connection/clients.ts';
import { capacityOf, describeReadable } from '../discovery/readable-table.ts';
import { estimateScan, type ScanEstimate } from '../extract/scan/estimate.ts';
import { unitsPerSecond } from '../extract/scan/read-limit.ts';
import { parseTableRef } from '../model/table.ts';
import type { Clock } from '../platform/clock.ts';
import { type TributaryError, toTributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { TABLE_CONCURRENCY } from '../replication/source-run.ts';
import { chooseTables } from './choose-tables.ts';

export interface TableEstimate {
  readonly table: string;
  /** Null when the table cannot be read; `error` says why. */
  readonly estimate: ScanEstimate | null;
  readonly error: TributaryError | null;
}

interface EstimateRequest {
  readonly source: SourceConfig;
  readonly tables: readonly string[];
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What the next run would read, take and cost, table by table; nothing but free calls is made. */
export async function estimate(request: EstimateRequest): Promise<readonly TableEstimate[]> {
  const { source, connection, clock, log, signal } = request;
  const { chosen, refused } = await chooseTables(request);
  const tablesAtOnce = Math.max(1, Math.min(TABLE_CONCURRENCY, chosen.length));
  const estimates: TableEstimate[] = [...refused].map(([table, error]) => ({ table, estimate: null, error }));
  for (const { config } of chosen) {
    try {
      const onWait = (message: string): void => log.info(message);
      const readable = await describeReadable(connection, parseTableRef(config.table), { clock, signal, onWait });
      estimates.push({
        table: config.table,
        estimate: estimateScan({
          size: readable,
          consistentRead: config.consistentRead,
          unitsPerSecond: unitsPerSecond(source.readCapacity, capacityOf(readable), tablesAtOnce),
          onDemand: readable.table.billingMode === 'PAY_PER_REQUEST',
          region: source.connection.region,
          pricePerMillionReadsUsd: source.pricePerMillionReadsUsd,
        }),
        error: null,
      });
    } catch (error) {
      signal.throwIfAborted();
      estimates.push({ table: config.table, estimate: null, error: toTributaryError(error) });
    }
  }
  return estimates;
}
