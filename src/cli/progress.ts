import type { Clock } from '../platform/clock.ts';
import { formatByteRate, formatCount, formatDuration, formatUnits, plural } from '../platform/format.ts';
import type { TextSink } from './output.ts';
import { createRateMeter } from './rate-meter.ts';

/** What one table has done in this run so far; the object is updated in place by whoever replicates it. */
export interface TableProgress {
  readonly table: string;
  /** An estimate, up to six hours old. */
  readonly expectedRows: number;
  readonly rowsRead: number;
  readonly changesRead: number;
  readonly rowsLoaded: number;
  readonly rowsDeleted: number;
  readonly bytesRead: number;
  readonly capacityUnits: number;
  readonly throttleCount: number;
  readonly segmentsDone: number;
  readonly segmentsTotal: number;
  /** Of a table that follows its stream. */
  readonly stream: {
    readonly openShards: number;
    readonly lagMs: number | null;
    readonly isFollowing: boolean;
  } | null;
  /** Code of the error that has ended the table, while others go on. */
  readonly failedWith: string | null;
}

/** A table on a display: under a name that tells it apart from those of other sources. */
export interface ShownTable {
  readonly source: string;
  readonly name: string;
  readonly progress: TableProgress;
}

/** Shows how a run goes, until `stop`. */
export interface ProgressDisplay {
  /** A table has started. */
  add(table: ShownTable): void;
  /** A log line, placed so that it does not tear the display. */
  log(line: string): void;
  /** Ends the display; bars are gone then, lines stay. */
  stop(): void;
}

/** Since the table has started, and how fast changes come now. */
export interface Pace {
  readonly elapsedMs: number;
  readonly changesPerSecond: number;
}

/** Where nobody sees bars, figures come as lines at this distance. */
const LINE_INTERVAL_MS = 10_000;

/** Calls `report` with each running table every ten seconds. */
export function reportProgress(
  clock: Clock,
  report: (table: ShownTable, pace: Pace) => void,
): Pick<ProgressDisplay, 'add' | 'stop'> {
  const running: { readonly table: ShownTable; readonly pace: () => Pace }[] = [];
  const stop = repeatEvery(LINE_INTERVAL_MS, clock, () => {
    for (const { table, pace } of running) if (!isDone(table.progress)) report(table, pace());
  });
  return { add: (table) => void running.push({ table, pace: createPace(table.progress, clock) }), stop };
}

/** Asked again and again, it says how fast the table is now. */
export function createPace(progress: TableProgress, clock: Clock): () => Pace {
  const startedAtMs = clock.now();
  const meter = createRateMeter({ count: progress.changesRead, atMs: startedAtMs });
  return () => {
    const atMs = clock.now();
    return { elapsedMs: atMs - startedAtMs, changesPerSecond: meter({ count: progress.changesRead, atMs }) };
  };
}

/**
 * `orders: 12,000 of about 50,000 rows read, 9,000 loaded, 12.3 MB/s, 1,234 RCU, 12 of 40 segments, about 35.0 s left`;
 * once it is read, `orders: following, 1,234 changes read, 200 a second, 1,200 rows loaded, 1.2 s behind, 4 open shards`.
 */
export function progressText({ name, progress }: ShownTable, pace: Pace): string {
  const { throttleCount, failedWith } = progress;
  if (failedWith !== null) return `${name}: ${failureText(failedWith)}`;
  const parts = [
    ...(isScanned(progress) ? streamFigures(progress, pace) : scanFigures(progress, pace)),
    ...(throttleCount > 0 ? [`${formatCount(throttleCount)} throttles`] : []),
    ...(isScanned(progress) ? [] : timeLeft(progress, pace)),
  ];
  return `${name}: ${parts.join(', ')}`;
}

/** A table that has failed while others go on. */
export function failureText(code: string): string {
  return `has failed (${code}) and is not replicated any more`;
}

function scanFigures(progress: TableProgress, { elapsedMs }: Pace): readonly string[] {
  const { rowsRead, expectedRows, rowsLoaded, bytesRead, capacityUnits, segmentsDone, segmentsTotal } = progress;
  return [
    `${formatCount(rowsRead)} of about ${plural(Math.max(expectedRows, rowsRead), 'row')} read`,
    ...(progress.stream === null ? [] : [`${plural(progress.changesRead, 'change')} beside`]),
    `${formatCount(rowsLoaded)} loaded`,
    formatByteRate(bytesRead, elapsedMs),
    `${formatUnits(capacityUnits)} RCU`,
    `${segmentsDone} of ${plural(segmentsTotal, 'segment')}`,
  ];
}

function streamFigures({ changesRead, rowsLoaded, stream }: TableProgress, pace: Pace): readonly string[] {
  return [
    stream?.isFollowing === true ? 'following' : 'catching up',
    `${plural(changesRead, 'change')} read`,
    `${formatUnits(pace.changesPerSecond)} a second`,
    `${plural(rowsLoaded, 'row')} loaded`,
    ...streamState(stream),
  ];
}

/** How far behind the stream is read, and in how many shards. */
export function streamState(stream: TableProgress['stream']): readonly string[] {
  if (stream === null) return [];
  const behind = stream.lagMs === null ? [] : [`${formatDuration(Math.max(0, stream.lagMs))} behind`];
  return [...behind, plural(stream.openShards, 'open shard')];
}

function timeLeft(progress: TableProgress, { elapsedMs }: Pace): readonly string[] {
  const left = remainingMs(progress, elapsedMs);
  return left === null ? [] : [`about ${formatDuration(left)} left`];
}

/** At the pace so far; null while there is none, and when the estimate was too low. */
export function remainingMs({ rowsRead, expectedRows }: TableProgress, elapsedMs: number): number | null {
  if (rowsRead === 0 || rowsRead >= expectedRows) return null;
  return ((expectedRows - rowsRead) / rowsRead) * elapsedMs;
}

/** Whether nothing is left to do; never of a table that follows its stream. */
export function isDone({ stream, segmentsDone, segmentsTotal }: TableProgress): boolean {
  return stream === null && segmentsTotal > 0 && segmentsDone === segmentsTotal;
}

/** Whether only the stream is read. */
export function isScanned({ stream, segmentsDone, segmentsTotal }: TableProgress): boolean {
  return stream !== null && segmentsDone === segmentsTotal;
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
  const reports = reportProgress(clock, (table, pace) => log(progressText(table, pace)));
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
