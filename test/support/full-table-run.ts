import { createConnection } from '../../src/connection/clients.ts';
import { createScanPageFetcher } from '../../src/connection/scan-page.ts';
import { describeReadable } from '../../src/discovery/readable-table.ts';
import type { Destination } from '../../src/load/destination.ts';
import { parseTableRef } from '../../src/model/table.ts';
import { ByteBudget } from '../../src/platform/byte-budget.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { Secret } from '../../src/platform/secret.ts';
import { type FullTableRun, replicateFullTable } from '../../src/replication/full-table.ts';
import { createTableCounters, type TableCounters } from '../../src/replication/table-counters.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

interface RunOptions
  extends Partial<Pick<FullTableRun, 'signal' | 'allowShrink' | 'projection' | 'segmentConcurrency'>> {
  readonly simulator: Simulator;
  readonly destination: Destination;
  /** `table` or `table/index`. */
  readonly table: string;
  readonly clock?: Clock;
  readonly unitsPerSecond?: number | null;
  readonly memoryBytes?: number;
  readonly counters?: TableCounters;
}

/** A full-table run as `sync` makes it, of one table of the simulator. */
export async function runFullTable(
  options: RunOptions,
): Promise<{ readonly version: number; readonly rowCount: number }> {
  const { simulator, destination, table, clock = systemClock } = options;
  const signal = options.signal ?? new AbortController().signal;
  const connection = createConnection({
    source: 'shop',
    region: simulator.region,
    endpoint: simulator.endpoint,
    stsEndpoint: simulator.endpoint,
    credentials: { kind: 'static', accessKeyId: 'LOCAL', secretAccessKey: new Secret('local'), sessionToken: null },
    roles: [],
    requestTimeoutMs: 10_000,
    maxConnections: 16,
  });
  try {
    return await replicateFullTable({
      target: { source: 'shop', table },
      ref: parseTableRef(table),
      projection: options.projection ?? null,
      consistentRead: false,
      segmentConcurrency: options.segmentConcurrency ?? 4,
      destinationSchema: 'shop',
      destinationTable: table.replace('/', '__'),
      allowShrink: options.allowShrink ?? false,
      describe: async (describeSignal) => {
        const readable = await describeReadable(connection, parseTableRef(table), {
          clock,
          signal: describeSignal,
          onWait: () => {},
        });
        return { ...readable, unitsPerSecond: options.unitsPerSecond ?? null };
      },
      fetchPage: createScanPageFetcher(connection),
      destination,
      memory: new ByteBudget(options.memoryBytes ?? 64 * 1024 * 1024),
      counters: options.counters ?? createTableCounters(table),
      clock,
      log: silentLogger,
      onProgress: () => {},
      signal,
    });
  } finally {
    connection.close();
  }
}
