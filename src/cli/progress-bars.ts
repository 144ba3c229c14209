import { MultiBar } from 'cli-progress';
import type { Clock } from '../platform/clock.ts';
import { formatByteRate, formatCount, formatDuration, formatUnits, plural } from '../platform/format.ts';
import type { TextSink } from './output.ts';
import {
  createPace,
  failureText,
  isDone,
  isScanned,
  type Pace,
  type ProgressDisplay,
  remainingMs,
  repeatEvery,
  type ShownTable,
  streamState,
  type TableProgress,
} from './progress.ts';

const BAR_INTERVAL_MS = 250;
const STANDARD_COLUMNS = 80;
const MAX_NAME_WIDTH = 20;
const MIN_BAR_WIDTH = 8;
const MAX_BAR_WIDTH = 24;

interface BarsOptions {
  readonly stderr: TextSink;
  readonly clock: Clock;
  /** Its abort erases the bars, so that what is said about the stop stands on a line of its own. */
  readonly signal: AbortSignal;
}

interface Shown {
  readonly table: ShownTable;
  readonly measure: () => Pace;
  /** Stands still when the table is through, so that its rate does not sink while others run. */
  pace: Pace;
}

/** A bar for each running table, on a terminal. They are erased at the end: the result has all their figures. */
export function progressBars({ stderr, clock, signal }: BarsOptions): ProgressDisplay {
  const shown: Shown[] = [];
  const lineOf = (index: number): string => {
    const current = shown[index];
    const nameWidth = Math.min(MAX_NAME_WIDTH, Math.max(...shown.map(({ table }) => table.name.length)));
    const columns = stderr.columns ?? STANDARD_COLUMNS;
    if (current === undefined) return '';
    return barLine(current.table, { pace: current.pace, nameWidth, columns: columns - 1 });
  };
  const display = new MultiBar({
    format: (_options, _parameters, { index }: { readonly index: number }) => lineOf(index),
    clearOnComplete: true,
    stopOnComplete: false,
    forceRedraw: true,
    fps: 5,
    emptyOnZero: true,
    // What a second Ctrl-C could not undo: it ends the process at once.
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
  });
  let isStopped = false;
  const stopUpdates = repeatEvery(BAR_INTERVAL_MS, clock, () => {
    for (const bar of shown) if (!isDone(bar.table.progress)) bar.pace = bar.measure();
  });
  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    stopUpdates();
    if (shown.length > 0) display.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  return {
    add: (table) => {
      if (isStopped) return;
      const index = shown.length;
      const measure = createPace(table.progress, clock);
      shown.push({ table, measure, pace: measure() });
      display.create(1, 0, { index });
    },
    // Without bars there are no lines to keep together.
    log: (line) => (isStopped || shown.length === 0 ? void stderr.write(`${line}\n`) : display.log(`${line}\n`)),
    stop: () => {
      signal.removeEventListener('abort', stop);
      stop();
    },
  };
}

interface BarSpace {
  readonly pace: Pace;
  /** Of the longest name that is shown. */
  readonly nameWidth: number;
  /** The line has at most so many characters. */
  readonly columns: number;
}

/**
 * `orders ████░░░░ 50% 25,000 rows, ETA 5.7 s, 10.0 MB/s, 1,235 RCU`, and of a table of which only the stream is read
 * `orders following   1,234 changes, 200/s, 1.2 s behind, 4 open shards`: figures that do not fit are left out, the last
 * first.
 */
export function barLine({ name, progress }: ShownTable, { pace, nameWidth, columns }: BarSpace): string {
  const { failedWith } = progress;
  if (failedWith !== null)
    return `${fitted(name, nameWidth)} ${failureText(failedWith)}`.slice(0, Math.max(0, columns));
  const barWidth = Math.max(MIN_BAR_WIDTH, Math.min(MAX_BAR_WIDTH, Math.floor(columns / 6)));
  const start = isScanned(progress)
    ? `${fitted(name, nameWidth)} ${stateOf(progress)}`
    : `${fitted(name, nameWidth)} ${bar(progress, barWidth)}`;
  const figures = isScanned(progress) ? streamFigures(progress, pace) : scanFigures(progress, pace);
  // A blank stands before the figures.
  const space = columns - start.length - 1;
  let count = figures.length;
  while (count > 0 && figures.slice(0, count).join(', ').length > space) count--;
  return `${start} ${figures.slice(0, count).join(', ')}`.slice(0, Math.max(0, columns)).trimEnd();
}

function bar(progress: TableProgress, width: number): string {
  const share = shareOf(progress);
  const complete = Math.round(width * share);
  const percentage = `${Math.floor(share * 100)}%`.padStart(5);
  return '█'.repeat(complete) + '░'.repeat(width - complete) + percentage;
}

function scanFigures(progress: TableProgress, { elapsedMs }: Pace): readonly string[] {
  const left = isDone(progress) ? null : remainingMs(progress, elapsedMs);
  return [
    plural(progress.rowsRead, 'row'),
    ...(left === null ? [] : [`ETA ${formatDuration(left)}`]),
    formatByteRate(progress.bytesRead, elapsedMs),
    ...(progress.stream === null ? [] : [plural(progress.changesRead, 'change')]),
    `${formatCount(progress.rowsLoaded)} loaded`,
    `${formatUnits(progress.capacityUnits)} RCU`,
  ];
}

const STATE_WIDTH = 'catching up'.length;

function stateOf({ stream }: TableProgress): string {
  return (stream?.isFollowing === true ? 'following' : 'catching up').padEnd(STATE_WIDTH);
}

function streamFigures({ changesRead, rowsLoaded, stream }: TableProgress, pace: Pace): readonly string[] {
  return [
    plural(changesRead, 'change'),
    `${formatUnits(pace.changesPerSecond)}/s`,
    ...streamState(stream),
    `${formatCount(rowsLoaded)} loaded`,
  ];
}

function shareOf(progress: TableProgress): number {
  if (isDone(progress)) return 1;
  const total = Math.max(progress.expectedRows, progress.rowsRead);
  // The estimate may be too low: only the end of the table makes a bar full.
  return total === 0 ? 0 : Math.min(0.99, progress.rowsRead / total);
}

function fitted(name: string, width: number): string {
  return name.length > width ? `${name.slice(0, width - 1)}…` : name.padEnd(width);
}
