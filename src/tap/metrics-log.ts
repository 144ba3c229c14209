import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { TableCounters } from '../replication/table-counters.ts';
import { jobDurationMetric, recordCountMetric } from '../singer/metrics.ts';

const INTERVAL_MS = 60_000;

/** Metrics of a run, as Singer taps log them. */
export interface MetricsLog {
  /** From now on the records of the table are counted. */
  add(counters: TableCounters): void;
  /** The last counts, and how long the run has taken. */
  stop(status: 'succeeded' | 'failed'): void;
}

/** Logs `record_count` of each table once a minute and at the end. */
export function createMetricsLog({ clock, log }: { readonly clock: Clock; readonly log: Logger }): MetricsLog {
  const startedAtMs = clock.now();
  const tables: { readonly counters: TableCounters; reported: number }[] = [];
  const stopping = new AbortController();
  const report = ({ isLast }: { readonly isLast: boolean }): void => {
    for (const entry of tables) {
      const { counters } = entry;
      const records = counters.rowsLoaded + counters.rowsDeleted;
      // A table without records says so once.
      if (records === entry.reported && !(isLast && records === 0)) continue;
      log.info(recordCountMetric(counters.table, records - entry.reported));
      entry.reported = records;
    }
  };
  const reportEachMinute = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(INTERVAL_MS, stopping.signal);
      report({ isLast: false });
    }
  };
  // Ends with the reason of the signal, and with nothing else.
  reportEachMinute().catch(() => {});
  return {
    add: (counters) => void tables.push({ counters, reported: 0 }),
    stop: (status) => {
      stopping.abort();
      report({ isLast: true });
      log.info(jobDurationMetric({ jobType: 'sync', durationMs: clock.now() - startedAtMs, status }));
    },
  };
}
