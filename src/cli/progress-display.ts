import type { Clock } from '../platform/clock.ts';
import type { TextSink } from './output.ts';
import { type ProgressDisplay, progressLines } from './progress.ts';
import { progressBars } from './progress-bars.ts';

interface DisplayOptions {
  readonly stderr: TextSink;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Bars on a terminal; elsewhere a line for each running table every ten seconds. */
export function createProgress(options: DisplayOptions): ProgressDisplay {
  return options.stderr.isTTY === true ? progressBars(options) : progressLines(options);
}
