import { MultiBar } from 'cli-progress';
import type { Clock } from '../platform/clock.ts';
import { formatByteRate, formatCount, formatDuration, formatUnits } from '../platform/format.ts';
import type { TextSink } from './output.ts';
import { isDone, type ProgressDisplay, remainingMs, repeatEvery, type TableProgress } from './progress.ts';

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
  readonly progress: TableProgress;
  readonly startedAtMs: number;
  /** Stands still when the table is through, so that its rate does not sink while others run. */
  elapsedMs: number;
}

/** A bar for each running table, on a terminal. They are erased at the end: the result has all their figures. */
export function progressBars({ stderr, clock, signal }: BarsOptions): ProgressDisplay {
  const shown: Shown[] = [];
  const lineOf = (index: number): string => {
    const current = shown[index];
    const nameWidth = Math.min(MAX_NAME_WIDTH, Math.max(...shown.map(({ progress }) => progress.table.length)));
    const columns = stderr.columns ?? STANDARD_COLUMNS;
    return current === undefined
      ? ''
      : barLine(current.progress, { elapsedMs: current.elapsedMs, nameWidth, columns: columns - 1 });
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
    for (const table of shown) if (!isDone(table.progress)) table.elapsedMs = clock.now() - table.startedAtMs;
  });
  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    stopUpdates();
    if (shown.length > 0) display.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  return {
    add: (progress) => {
      if (isStopped) return;
      const index = shown.length;
      shown.push({ progress, startedAtMs: clock.now(), elapsedMs: 0 });
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
  readonly elapsedMs: number;
  /** Of the longest name that is shown. */
  readonly nameWidth: number;
  /** The line has at most so many characters. */
  readonly columns: number;
}

/** `orders ████░░░░ 50% 25,000 rows, ETA 5.7 s, 10.0 MB/s, 1,235 RCU`: figures that do not fit are left out, the last first. */
export function barLine(progress: TableProgress, { elapsedMs, nameWidth, columns }: BarSpace): string {
  const share = shareOf(progress);
  const name = fitted(progress.table, nameWidth);
  const percentage = `${Math.floor(share * 100)}%`.padStart(5);
  const left = isDone(progress) ? null : remainingMs(progress, elapsedMs);
  const figures = [
    `${formatCount(progress.rowsRead)} rows`,
    ...(left === null ? [] : [`ETA ${formatDuration(left)}`]),
    formatByteRate(progress.bytesRead, elapsedMs),
    `${formatCount(progress.rowsLoaded)} loaded`,
    `${formatUnits(progress.capacityUnits)} RCU`,
  ];
  const barWidth = Math.max(MIN_BAR_WIDTH, Math.min(MAX_BAR_WIDTH, Math.floor(columns / 6)));
  // A blank stands behind the name and one behind the percentage.
  const space = columns - name.length - barWidth - percentage.length - 2;
  let count = figures.length;
  while (count > 0 && figures.slice(0, count).join(', ').length > space) count--;
  const text = figures.slice(0, count).join(', ');
  const complete = Math.round(barWidth * share);
  const bar = '█'.repeat(complete) + '░'.repeat(barWidth - complete);
  return `${name} ${bar}${percentage} ${text}`.slice(0, Math.max(0, columns)).trimEnd();
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
