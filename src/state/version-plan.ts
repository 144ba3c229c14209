import { isShrink } from '../model/shrink.ts';
import type { TableState } from '../model/table-state.ts';

/** An interrupted version is resumed unless nothing was committed to it for longer than this. */
const STALE_AFTER_MS = 24 * 60 * 60_000;

interface VersionEvidence {
  /** What the destination knows about the table; null when nothing. */
  readonly state: TableState | null;
  /** Whether every unit of the version that is being built is at its end: only the swap is missing. */
  readonly isFullyRead: boolean;
  /** Identity of the DynamoDB table as it is now. */
  readonly identity: string;
  /** Fingerprint of projection, index and key as they are now. */
  readonly layout: string;
  readonly nowMs: number;
}

/** Whether a FULL_TABLE run goes on with the version that is being built or begins a new one, and why. */
export type VersionPlan =
  | { readonly kind: 'resume'; readonly version: number; readonly base: bigint }
  | {
      readonly kind: 'begin';
      readonly version: number;
      readonly base: bigint;
      /** Forget the types that earlier versions have shown. */
      readonly freshSchema: boolean;
      /** For the log. */
      readonly reason: string;
    };

/**
 * The age of a version alone never drops it, only that nothing moved for a day: its first rows would be as old as that
 * when they replace the live ones. Another table identity or another layout is never resumed: the resume keys of one
 * table are accepted by another of the same key schema, and the version would mix them.
 */
export function planVersion({ state, isFullyRead, identity, layout, nowMs }: VersionEvidence): VersionPlan {
  if (state === null) return begin(state, nowMs, true, 'first replication of the table');
  if (state.resetRequested) return begin(state, nowMs, true, 'the table was reset');
  const { loading } = state;
  if (loading === null) return begin(state, nowMs, false, 'full-table replication replaces the table in each run');
  if (loading.identity !== identity) {
    return begin(state, nowMs, false, 'the table was deleted and created again since the interrupted run');
  }
  if (loading.layout !== layout)
    return begin(state, nowMs, false, 'its projection, key or index has changed since the interrupted run');
  if (nowMs - loading.lastCommitAtMs > STALE_AFTER_MS) {
    return begin(state, nowMs, false, 'nothing was committed to the interrupted version for more than 24 hours');
  }
  if (isFullyRead && isShrink(state.liveRowCount, loading.rowCount)) {
    // Its swap was refused. The rows may be back at the source by now; and allowing it must not publish what was read then.
    return begin(state, nowMs, false, 'the version that was read last has lost more than half of the rows');
  }
  return { kind: 'resume', version: loading.version, base: loading.base };
}

function begin(state: TableState | null, nowMs: number, freshSchema: boolean, reason: string): VersionPlan {
  const version = Math.max(state?.liveVersion ?? 0, state?.loading?.version ?? 0) + 1;
  // Microseconds of the clock, but never at or below an earlier base: a clock that jumped back must not reorder versions.
  const clockBase = BigInt(Math.floor(nowMs)) * 1000n;
  const floor = (state?.highestBase ?? 0n) + 1n;
  return { kind: 'begin', version, base: clockBase > floor ? clockBase : floor, freshSchema, reason };
}
