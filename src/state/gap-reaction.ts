import type { TableState } from '../model/table-state.ts';

/** More than one resync a day means that something is wrong which reading everything again does not cure. */
const RESYNC_INTERVAL_MS = 24 * 3_600_000;
/** A snapshot that falls behind again and again would be read for ever. */
const MAX_GAPS = 3;

export type GapReaction = 'resync' | 'waits' | 'failed';

/** How a table answers a gap by itself. Times are by AWS's clock. */
export function reactToGap(options: {
  readonly policy: 'resync' | 'fail';
  readonly state: Pick<TableState, 'phase' | 'lastResyncAtMs'>;
  /** Gaps since the snapshot or resync began, this one not counted. */
  readonly gapCount: number;
  /** The table only waits for a stream: the last one was disabled, and this gap is that there is one again. */
  readonly waitsForStream: boolean;
  readonly nowMs: number;
}): GapReaction {
  const { policy, state, gapCount, waitsForStream, nowMs } = options;
  if (waitsForStream && policy === 'resync') return 'resync';
  if (policy === 'fail' || state.phase === 'gap' || state.phase === 'failed') return 'waits';
  if (state.phase !== 'following') return gapCount + 1 >= MAX_GAPS ? 'failed' : 'resync';
  const isRecent = state.lastResyncAtMs !== null && nowMs - state.lastResyncAtMs < RESYNC_INTERVAL_MS;
  return isRecent ? 'waits' : 'resync';
}
