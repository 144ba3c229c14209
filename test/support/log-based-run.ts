import type { ScanPageFetcher } from '../../src/connection/scan-page.ts';
import { createStreamCalls } from '../../src/connection/stream-calls.ts';
import { createDescribeRate } from '../../src/extract/streams/describe-rate.ts';
import { ByteBudget } from '../../src/platform/byte-budget.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createSlots } from '../../src/platform/slots.ts';
import { replicateLogBased } from '../../src/replication/log-based.ts';
import type { LiveVersion, LogBasedReplication } from '../../src/replication/log-based-replication.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { connectTo } from './local-connection.ts';
import { type TableRunOptions, tableReplication } from './table-run.ts';

interface LogBasedRunOptions
  extends TableRunOptions,
    Partial<
      Pick<
        LogBasedReplication,
        'deletes' | 'records' | 'onGap' | 'shards' | 'keepExpiredBy' | 'onCaughtUp' | 'scanSlots'
      >
    > {
  readonly simulator: Simulator;
  readonly flushIntervalMs?: number;
  /** Comes between the run and its Scan requests. */
  readonly reading?: (fetchPage: ScanPageFetcher) => ScanPageFetcher;
}

/** A run of one followed table as `sync` makes it: it ends when it has caught up, unless `onCaughtUp` says otherwise. */
export async function runLogBased(options: LogBasedRunOptions): Promise<LiveVersion> {
  const { simulator, clock = systemClock } = options;
  const connection = connectTo(simulator, clock);
  try {
    const replication = tableReplication(connection, options);
    return await replicateLogBased({
      ...replication,
      fetchPage: options.reading?.(replication.fetchPage) ?? replication.fetchPage,
      deletes: options.deletes ?? 'soft',
      records: options.records ?? { deletedImage: 'key', ttlDeletes: 'replicate' },
      onGap: options.onGap ?? 'resync',
      shards: options.shards ?? 'open',
      keepExpiredBy: options.keepExpiredBy ?? (async () => null),
      calls: createStreamCalls(connection),
      describeRate: createDescribeRate(clock),
      awsTime: connection.awsTime,
      streamMemory: new ByteBudget(16 * 1024 * 1024),
      streamConcurrency: 8,
      flushIntervalMs: options.flushIntervalMs ?? 1_000,
      scanSlots: options.scanSlots ?? createSlots(3),
      onCaughtUp: options.onCaughtUp === undefined ? async () => {} : options.onCaughtUp,
    });
  } finally {
    connection.close();
  }
}
