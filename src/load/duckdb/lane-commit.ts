import type { Batch } from '../../model/batch.ts';
import type { CommitReceipt, Lane, Load } from '../destination.ts';

/** A commit of a lane on its way into the file. */
export interface LaneCommit {
  readonly lane: Lane;
  /** The epoch that units get which the commit opens. */
  readonly epoch: number;
  readonly batches: readonly Batch[];
  readonly request: Parameters<Load['commit']>[0];
  /** Whether its schema is newer than the one that the lane knows to be stored. */
  readonly bringsSchema: boolean;
  readonly signal: AbortSignal;
}

/** What has become of it. */
export interface Committed {
  readonly receipt: CommitReceipt;
  /** Whether it went into the version that readers see: one that was aside when the lane was opened may have been swapped. */
  readonly isLive: boolean;
}

/** The commits of each table, in their order. */
export function commitsByTable(commits: readonly LaneCommit[]): readonly (readonly LaneCommit[])[] {
  const byTable = new Map<string, LaneCommit[]>();
  for (const commit of commits) {
    const table = JSON.stringify([commit.lane.source, commit.lane.table]);
    const ofTable = byTable.get(table);
    if (ofTable) ofTable.push(commit);
    else byTable.set(table, [commit]);
  }
  return [...byTable.values()];
}
