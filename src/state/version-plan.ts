import { isShrink } from '../model/shrink.ts';
import type { TableState } from '../model/table-state.ts';
import type { UnitState } from '../model/unit-state.ts';
import { nextBase } from './next-base.ts';

/** An interrupted version is resumed unless nothing was committed to it for longer than this. */
const STALE_AFTER_MS = 24 * 60 * 60_000;

interface VersionEvidence {
  /** What the destination knows about the table; null when nothing. */
  readonly state: TableState | null;
  /** Those of the version that is loaded. */
  readonly units: readonly UnitState[];
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
export function planVersion(evidence: VersionEvidence): VersionPlan {
  const { state, units, identity, layout, nowMs } = evidence;
  const begin = (freshSchema: boolean, reason: string): VersionPlan => ({
    kind: 'begin',
    version: nextVersion(state),
    base: nextBase(evidence),
    freshSchema,
    reason,
  });
  if (state === null) return begin(true, 'first replication of the table');
  if (state.resetRequested) return begin(true, 'the table was reset');
  const { loading } = state;
  if (loading === null) return begin(false, 'full-table replication replaces the table in each run');
  if (loading.stream !== null) return begin(false, 'it was replicated through its stream before');
  if (loading.identity !== identity) {
    return begin(false, 'the table was deleted and created again since the interrupted run');
  }
  if (loading.layout !== layout)
    return begin(false, 'its projection, key or index has changed since the interrupted run');
  if (nowMs - loading.lastCommitAtMs > STALE_AFTER_MS) {
    return begin(false, 'nothing was committed to the interrupted version for more than 24 hours');
  }
  const isFullyRead = units.every(({ position }) => position === 'end');
  if (isFullyRead && isShrink(state.liveRowCount, loading.rowCount)) {
    // Its swap was refused. The rows may be back at the source by now; and allowing it must not publish what was read then.
    return begin(false, 'the version that was read last has lost more than half of the rows');
  }
  return { kind: 'resume', version: loading.version, base: loading.base };
}

/** Numbers are never given twice to versions that readers could have seen. */
export function nextVersion(state: TableState | null): number {
  return Math.max(state?.liveVersion ?? 0, state?.loading?.version ?? 0) + 1;
}
