import type { Batch } from '../model/batch.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { CheckStep } from '../model/check-step.ts';
import type { ColumnPlan } from '../model/column-plan.ts';
import type { Deletes } from '../model/deletes.ts';
import type { Gap } from '../model/gap.ts';
import type { RunStore } from '../model/run-store.ts';
import type { StoredSchema } from '../model/stored-schema.ts';
import type { FollowedStream } from '../model/table-state.ts';
import type { UnitId } from '../model/unit.ts';
import type { NewUnit, UnitMove, UnitState } from '../model/unit-state.ts';

/** Which selected table of which source, as TableState names it. */
export interface LoadTarget {
  readonly source: string;
  readonly table: string;
}

export interface BeginVersion extends LoadTarget {
  /** SQL schema or folder; created when it is missing. */
  readonly destinationSchema: string;
  /** Name wanted for the table; the destination keeps the one of an earlier version. */
  readonly destinationTable: string;
  /** Greater than that of every version before. */
  readonly version: number;
  /** Greater than `highestBase` of the table's state. */
  readonly base: bigint;
  /** `live` only where nothing is live yet: readers see the rows from the first commit on. */
  readonly placement: 'aside' | 'live';
  readonly identity: string;
  readonly layout: string;
  /** Null for FULL_TABLE. With a stream the table gets the columns for deletes, and the phase is `snapshotting`. */
  readonly stream: FollowedStream | null;
  readonly units: readonly NewUnit[];
  /** The schema to start with: that of the version before, or only the key columns. */
  readonly plan: ColumnPlan;
  readonly schema: StoredSchema;
  /** The version is what a reset asked for. A reset that was asked for since the state was read stays asked for. */
  readonly answersReset: boolean;
  /** Recorded in the same step. */
  readonly gaps: readonly Gap[];
  readonly nowMs: number;
}

/** What the end of a snapshot or resync takes where the version follows a stream. */
export interface FinishChanges {
  /** Every unfinished shard must be verified through this time: else BUG. Null: they are open, and left alone until they close. */
  readonly caughtUpWithMs: number | null;
  readonly deletes: Deletes;
  /** Attribute of a TTL: rows that no reading has shown since the last gap are kept if it lies before the gap's end. */
  readonly keepExpiredBy: string | null;
}

export interface FinishVersion extends LoadTarget {
  readonly version: number;
  /** As in Lane. */
  readonly base: bigint;
  /**
   * Rows of an index may come twice when an item moves during the Scan: with key columns given, only one row of each key
   * is kept, that with the greatest `_sdc_extracted_at`, then the later commit. Null for a table: nothing is compared.
   */
  readonly deduplicateBy: readonly string[] | null;
  /** Null for FULL_TABLE. */
  readonly changes: FinishChanges | null;
  /** Goes on even if more than half of the live rows would disappear; else SHRINK_REFUSED and everything stays as it is. */
  readonly allowShrink: boolean;
  readonly nowMs: number;
}

/** Reads a version that follows its stream again, in place, after a gap. */
export interface ResyncVersion extends LoadTarget {
  readonly version: number;
  /** As in Lane; the base until now. */
  readonly base: bigint;
  /** The base from now on: above `highestBase` and above the sequence of every shard. */
  readonly raisedBase: bigint;
  readonly identity: string;
  /** With the count of gaps and the end of this one. */
  readonly stream: FollowedStream;
  /** All segments, at `start`. They replace those that are there. */
  readonly segments: readonly NewUnit[];
  /** Shards that are captured again, or for the first time; those that are there under these names are replaced. */
  readonly captured: readonly NewUnit[];
  /** Shards that are no more. The others stay as they are. */
  readonly dropped: readonly UnitId[];
  readonly gaps: readonly Gap[];
  /** Whether a person has asked for it: only those that nobody asked for count for `lastResyncAtMs`. */
  readonly asked: boolean;
  readonly nowMs: number;
}

/** Stops a table until a person decides. */
export interface HaltTable extends LoadTarget {
  readonly version: number;
  readonly base: bigint;
  readonly phase: 'gap' | 'failed';
  readonly gaps: readonly Gap[];
}

export interface Lane extends LoadTarget {
  readonly version: number;
  /** Tells versions of one number apart: a version that was dropped and begun again by somebody else rejects with FENCED. */
  readonly base: bigint;
  /** Units to take over. Those already at `end` are answered but need no epoch. */
  readonly units: readonly UnitId[];
  /** What the deletes of its stream do; null where it has none. */
  readonly deletes: Deletes | null;
}

/** The outcome of a commit. Counts add up: rows written = upserted + deleted + compacted + superseded + rejected. */
export interface CommitReceipt {
  /**
   * `durable` covers this commit and every earlier one of the lane; bookmarks and status move on durable only. After
   * `accepted` it is the destination's to say when that is, see Acceptance; what is read on meanwhile goes on from here.
   */
  readonly receipt: 'durable' | 'accepted';
  readonly upsertedRows: number;
  /** Deletes that were applied, also of keys that were not there. */
  readonly deletedRows: number;
  /** Rows that a later one of the same commit and key made needless. */
  readonly compactedRows: number;
  /** Rows that lost against what the table held already: its sequence was greater. */
  readonly supersededRows: number;
  /**
   * Rows whose key did not fit a column, kept with the reason for as long as their version is (`_sdc_rejected`). Always 0
   * where a row needs no columns.
   */
  readonly rejectedRows: number;
}

/**
 * A destination: rows of table versions and the bookmarks that belong to them. Every method rejects with a
 * TributaryError. Adapters live in sub-folders; `destination.testsuite.ts` is what each must pass.
 */
export interface Destination {
  readonly capabilities: Capabilities;
  readonly runStore: RunStore;
  /** Whether it can be reached, created and written, without leaving anything behind. */
  check(options: { readonly signal: AbortSignal }): AsyncIterable<CheckStep>;
  /** Called before a run reads anything: rejects when nothing could be loaded, as far as that can be told for nothing. */
  preflight?(options: { readonly signal: AbortSignal }): Promise<void>;
  /** The life of table versions. */
  readonly refresh: {
    /**
     * Creates the version, its units and its table, in one step; drops one that was loaded aside, and the units that the
     * live one had. Rejects with FENCED when another was begun since the state was read: its number or its base is not
     * above all others then.
     */
    begin(request: BeginVersion, options: { readonly signal: AbortSignal }): Promise<void>;
    /**
     * Ends a snapshot or a resync in one step that readers see whole; rejects with BUG while a segment is not at `end`.
     *
     * A version that is aside becomes the live one and the old one is dropped; an empty one too. Then a FULL_TABLE version
     * has no units any more, so that a zombie of it misses.
     *
     * Gaps of the table are resolved, with a stream or without.
     *
     * With `changes`: the segments are dropped, the shards stay, the version is `following`. Live rows whose sequence is
     * below the base were seen by no reading since the last gap: they are deleted, soft ones with the end of that gap as
     * `_sdc_deleted_at` and their values kept, `keepExpiredBy` excepted. With hard deletes all rows with `_sdc_deleted_at`
     * go. No epoch is raised: a lane that holds shards goes on.
     *
     * Resolves to the rows that readers see then, and how many live ones were deleted because no reading had shown them.
     */
    finish(
      request: FinishVersion,
      options: { readonly signal: AbortSignal },
    ): Promise<{ readonly rowCount: number; readonly sweptRows: number }>;
  };
  /** Only of destinations that take changes. */
  readonly gaps?: {
    /**
     * Raises the base, sets the phase `resyncing` (`snapshotting` stays as it is), replaces the units that the request
     * names and raises the epochs of all, in one step. Rows stay as they are and readable. Rejects with FENCED when the
     * version or its base is another one.
     */
    resync(request: ResyncVersion, options: { readonly signal: AbortSignal }): Promise<void>;
    /** Records the gaps and sets the phase. Units and rows stay. Rejects with FENCED as `resync`. */
    halt(request: HaltTable, options: { readonly signal: AbortSignal }): Promise<void>;
  };
  /** Takes the units over: each gets a new epoch, so that whoever held it before can no longer commit. */
  open(lane: Lane, options: { readonly signal: AbortSignal }): Promise<Load>;
  /** A few rows of the live version as plain JSON text, for people. */
  sample(target: LoadTarget, count: number): Promise<readonly string[]>;
  /** Rewrites the destination without the space that updates and deletes have left; bytes before and after. */
  compact?(options: {
    readonly signal: AbortSignal;
  }): Promise<{ readonly beforeBytes: number; readonly afterBytes: number }>;
  /** Releases everything; what was written but not committed is gone. */
  close(): Promise<void>;
}

/** The loading half of one lane. Calls do not overlap: each is awaited before the next. */
export interface Load {
  readonly units: ReadonlyMap<UnitId, UnitState>;
  /** The epoch of the units that were taken over, and of those that this load opens. */
  readonly epoch: number;
  /** As it was when the units were taken over: from then on nobody else can change it. */
  readonly schema: StoredSchema;
  /** Remembers rows for the next commit; the pages must stay untouched until then. */
  write(batch: Batch): Promise<void>;
  /**
   * Writes what was remembered under `plan`, which covers it, stores `schema` where it changed, and moves the bookmarks,
   * all in one transaction where the destination has them; bookmarks come last. When a move misses, or an opened unit is
   * there already, everything is rolled back and the call rejects with FENCED. After any rejection nothing of the commit
   * is visible and the remembered rows are forgotten: the lane is opened again and read from its bookmarks.
   *
   * Of two rows of one key, in the commit or in the table, the one with the greater sequence stays; of equal ones the
   * later. (`ordered` destinations: always the later.) A soft delete keeps the key, sets `_sdc_deleted_at` and leaves what
   * its row has (nothing, or the last image); an upsert clears it. A hard delete removes the row while the version is
   * `following`; before, it is loaded as a soft one, also of a key never seen.
   */
  commit(
    commit: {
      readonly moves: readonly UnitMove[];
      /** Units that begin with this commit: children of a shard that it finishes, at where they have got to already. */
      readonly opened: readonly NewUnit[];
      /** Finished units that nobody needs any more. */
      readonly pruned: readonly UnitId[];
      readonly plan: ColumnPlan;
      readonly schema: StoredSchema;
      readonly nowMs: number;
    },
    options: { readonly signal: AbortSignal },
  ): Promise<CommitReceipt>;
  /** Only of destinations that answer `accepted`. */
  readonly acceptance?: Acceptance;
  close(): Promise<void>;
}

/** How a destination that says later what is durable says it: a Singer target repeats the STATE that it has got to. */
export interface Acceptance {
  /**
   * The listener is called whenever more commits of this load are durable, with how many are in all. They become durable
   * in their order; those that were answered `durable` count, too.
   */
  onDurable(listener: (commits: number) => void): void;
  /** Resolves when every commit is durable; rejects naming the first unit that is not. */
  settle(): Promise<void>;
}
