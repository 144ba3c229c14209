import type { Clock } from '../platform/clock.ts';
import { formatByteRate, formatCount, formatDuration, formatUnits } from '../platform/format.ts';
import type { TextSink } from './output.ts';

/** What one table has done in this run so far; the object is updated in place by whoever replicates it. */
export interface TableProgress {
  readonly table: string;
  /** An estimate, up to six hours old. */
  readonly expectedRows: number;
  readonly rowsRead: number;
  readonly rowsLoaded: number;
  readonly bytesRead: number;
  readonly capacityUnits: number;
  readonly throttleCount: number;
  readonly segmentsDone: number;
  readonly segmentsTotal: number;
}

/** Shows how a run goes, until `stop`. */
export interface ProgressDisplay {
  /** A table has started. */
  add(progress: TableProgress): void;
  /** A log line, placed so that it does not tear the display. */
  log(line: string): void;
  /** Ends the display; bars are gone then, lines stay. */
  stop(): void;
}

/** Where nobody sees bars, figures come as lines at this distance. */
const LINE_INTERVAL_MS = 10_000;

/** Calls `report` with each running table every ten seconds, and once more for each at the end. */
export function reportProgress(
  clock: Clock,
  report: (progress: TableProgress, elapsedMs: number) => void,
): Pick<ProgressDisplay, 'add' | 'stop'> {
  const tables: { readonly progress: TableProgress; readonly startedAtMs: number }[] = [];
  const reportAll = (): void => {
    for (const { progress, startedAtMs } of tables) {
      if (!isDone(progress)) report(progress, clock.now() - startedAtMs);
    }
  };
  const stop = repeatEvery(LINE_INTERVAL_MS, clock, reportAll);
  return { add: (progress) => void tables.push({ progress, startedAtMs: clock.now() }), stop };
}

/** `orders: 12,000 of about 50,000 rows read, 9,000 loaded, 12.3 MB/s, 1,234 RCU, 12 of 40 segments, about 35.0 s left`. */
export function progressText(progress: TableProgress, elapsedMs: number): string {
  const { table, rowsRead, expectedRows, segmentsDone, segmentsTotal, throttleCount } = progress;
  const left = remainingMs(progress, elapsedMs);
  const parts = [
    `${formatCount(rowsRead)} of about ${formatCount(Math.max(expectedRows, rowsRead))} rows read`,
    ...figures(progress, elapsedMs),
    `${segmentsDone} of ${segmentsTotal} segments`,
    ...(throttleCount > 0 ? [`${formatCount(throttleCount)} throttles`] : []),
    ...(left === null ? [] : [`about ${formatDuration(left)} left`]),
  ];
  return `${table}: ${parts.join(', ')}`;
}

/** At the pace so far; null while there is none, and when the estimate was too low. */
export function remainingMs({ rowsRead, expectedRows }: TableProgress, elapsedMs: number): number | null {
  if (rowsRead === 0 || rowsRead >= expectedRows) return null;
  return ((expectedRows - rowsRead) / rowsRead) * elapsedMs;
}

function figures({ rowsLoaded, bytesRead, capacityUnits }: TableProgress, elapsedMs: number): readonly string[] {
  return [
    `${formatCount(rowsLoaded)} loaded`,
    formatByteRate(bytesRead, elapsedMs),
    `${formatUnits(capacityUnits)} RCU`,
  ];
}

export function isDone({ segmentsDone, segmentsTotal }: TableProgress): boolean {
  return segmentsTotal > 0 && segmentsDone === segmentsTotal;
}

/** A line for each running table every ten seconds. */
export function progressLines({
  stderr,
  clock,
}: {
  readonly stderr: TextSink;
  readonly clock: Clock;
}): ProgressDisplay {
  const log = (line: string): void => void stderr.write(`${line}\n`);
  const reports = reportProgress(clock, (progress, elapsedMs) => log(progressText(progress, elapsedMs)));
  return { ...reports, log };
}

/** Runs `action` again and again until the function that is returned is called. */
export function repeatEvery(intervalMs: number, clock: Clock, action: () => void): () => void {
  const stop = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(intervalMs, stop.signal);
      action();
    }
  };
  // The loop only ends by the abort of `stop`, which is not an error.
  loop().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return () => stop.abort();
}
