import type { Connection } from '../../src/connection/clients.ts';
import { createScanPageFetcher } from '../../src/connection/scan-page.ts';
import { describeReadable } from '../../src/discovery/readable-table.ts';
import type { Destination } from '../../src/load/destination.ts';
import { parseTableRef } from '../../src/model/table.ts';
import { ByteBudget } from '../../src/platform/byte-budget.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { createTableCounters } from '../../src/replication/table-counters.ts';
import type { TableReplication } from '../../src/replication/table-replication.ts';

export interface TableRunOptions
  extends Partial<
    Pick<
      TableReplication,
      'signal' | 'allowShrink' | 'projection' | 'segments' | 'segmentConcurrency' | 'counters' | 'log'
    >
  > {
  readonly destination: Destination;
  /** `table` or `table/index`. */
  readonly table: string;
  readonly clock?: Clock;
  readonly unitsPerSecond?: number | null;
  readonly memoryBytes?: number;
}

/** What `sync` would make of the selection of one table of the source `shop`. */
export function tableReplication(connection: Connection, options: TableRunOptions): TableReplication {
  const { destination, table, clock = systemClock } = options;
  const ref = parseTableRef(table);
  return {
    target: { source: 'shop', table },
    ref,
    projection: options.projection ?? null,
    consistentRead: false,
    dropGlobalTableAttributes: false,
    segments: options.segments ?? null,
    segmentConcurrency: options.segmentConcurrency ?? 4,
    destinationSchema: 'shop',
    destinationTable: table.replace('/', '__'),
    allowShrink: options.allowShrink ?? false,
    describe: async (signal) => {
      const readable = await describeReadable(connection, ref, { clock, signal, onWait: () => {} });
      return { ...readable, stream: readable.table.stream, unitsPerSecond: options.unitsPerSecond ?? null };
    },
    fetchPage: createScanPageFetcher(connection),
    destination,
    memory: new ByteBudget(options.memoryBytes ?? 64 * 1024 * 1024),
    counters: options.counters ?? createTableCounters(table),
    clock,
    log: options.log ?? silentLogger,
    onProgress: () => {},
    signal: options.signal ?? new AbortController().signal,
  };
}
