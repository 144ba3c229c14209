import type { GapKind } from '../model/gap.ts';
import type { LoadingVersion, TableState } from '../model/table-state.ts';
import type { UnitState } from '../model/unit-state.ts';
import { nextBase } from './next-base.ts';
import { nextVersion } from './version-plan.ts';

interface FollowEvidence {
  /** What the destination knows about the table; null when nothing. */
  readonly state: TableState | null;
  /** Those of the version that is loaded. */
  readonly units: readonly UnitState[];
  /** Identity of the DynamoDB table as it is now. */
  readonly identity: string;
  /** Fingerprint of projection and key as they are now. */
  readonly layout: string;
  /** The stream that the table has now. */
  readonly streamArn: string;
  /** What halted the table was only that it had no stream to follow: it goes on by itself when there is one. */
  readonly waitsForStream: boolean;
  readonly nowMs: number;
}

/** The table or the stream that was followed is no more. */
export interface LossOfSource {
  readonly kind: GapKind;
  readonly detail: string;
}

/** What a run of a LOG_BASED table does first. */
export type FollowPlan =
  /** Goes on from the bookmarks. */
  | { readonly kind: 'follow'; readonly loading: LoadingVersion }
  | {
      readonly kind: 'begin';
      readonly version: number;
      readonly base: bigint;
      readonly placement: 'aside' | 'live';
      /** Forget the types that earlier versions have shown. */
      readonly freshSchema: boolean;
      /** For the log. */
      readonly reason: string;
      /** What was lost with the version before; null when nothing was. */
      readonly gap: LossOfSource | null;
    }
  /** Changes were lost since the last run: what is loaded has to be read again. */
  | { readonly kind: 'gap'; readonly gap: LossOfSource; readonly loading: LoadingVersion }
  /** A person decides first. */
  | { readonly kind: 'waits'; readonly phase: 'gap' | 'failed'; readonly loading: LoadingVersion };

/**
 * What is visible stays visible: a version is only begun where there is nothing to go on from, where a person has asked
 * for it, or where another layout makes other rows. Bookmarks are good for one table and one stream only: another table
 * accepts the resume keys of the old one, and between two streams writes leave no record.
 */
export function planFollowing(evidence: FollowEvidence): FollowPlan {
  const { state, layout, waitsForStream } = evidence;
  const gap = lossOfSource(evidence);
  const begin = (freshSchema: boolean, reason: string): FollowPlan => ({
    kind: 'begin',
    version: nextVersion(state),
    base: nextBase(evidence),
    placement: (state?.liveVersion ?? 0) === 0 ? 'live' : 'aside',
    freshSchema,
    reason,
    gap,
  });
  if (state === null) return begin(true, 'first replication of the table');
  if (state.resetRequested) return begin(true, 'the table was reset');
  const { loading, phase } = state;
  if (loading === null || loading.stream === null) return begin(false, 'it was replicated by full-table runs before');
  if (loading.layout !== layout) return begin(false, 'its projection or its key has changed');
  // Before any gap: that the source is another one by now would be found, and recorded, in every run.
  const isHalted = phase === 'gap' || phase === 'failed';
  if (isHalted && !(waitsForStream && gap !== null)) return { kind: 'waits', phase, loading };
  return gap === null ? { kind: 'follow', loading } : { kind: 'gap', gap, loading };
}

function lossOfSource({ state, identity, streamArn }: FollowEvidence): LossOfSource | null {
  const loading = state?.loading ?? null;
  const stream = loading?.stream ?? null;
  if (loading === null || stream === null) return null;
  if (loading.identity !== identity) {
    const detail = 'The table was deleted and created again, or restored, under its name';
    return { kind: 'table-replaced', detail };
  }
  if (stream.arn !== streamArn) {
    const detail = 'The table has another stream: the old one was disabled, and writes in between have left no record';
    return { kind: 'stream-replaced', detail };
  }
  return null;
}
