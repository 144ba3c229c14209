import type { Batch } from '../model/batch.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { CheckStep } from '../model/check-step.ts';
import type { ColumnPlan } from '../model/column-plan.ts';
import type { RunStore } from '../model/run-store.ts';
import type { StoredSchema } from '../model/stored-schema.ts';
import type { UnitId } from '../model/unit.ts';
import type { UnitMove, UnitState } from '../model/unit-state.ts';

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
  readonly identity: string;
  readonly layout: string;
  readonly units: readonly UnitId[];
  /** The schema to start with: that of the version before, or only the key columns. */
  readonly plan: ColumnPlan;
  readonly schema: StoredSchema;
  /** The version is what a reset asked for. A reset that was asked for since the state was read stays asked for. */
  readonly answersReset: boolean;
  readonly nowMs: number;
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
  /** Swaps even if more than half of the live rows would disappear; else SHRINK_REFUSED and the building version stays. */
  readonly allowShrink: boolean;
  readonly nowMs: number;
}

export interface Lane extends LoadTarget {
  readonly version: number;
  /** Tells versions of one number apart: a version that was dropped and begun again by somebody else rejects with FENCED. */
  readonly base: bigint;
  /** Units to take over. Those already at `end` are answered but need no epoch. */
  readonly units: readonly UnitId[];
}

/** The outcome of a commit. Counts add up: rows written = upserted + rejected. */
export interface CommitReceipt {
  /** `durable` covers this commit and every earlier one of the lane; bookmarks and status move on durable only. */
  readonly receipt: 'durable' | 'accepted';
  readonly upsertedRows: number;
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
  /** Building a table version aside while the live one stays readable. */
  readonly refresh: {
    /**
     * Creates the version, its units at `start` and its table, in one step; drops one that was being built before. Rejects
     * with FENCED when another was begun since the state was read: its number or its base is not above all others then.
     */
    begin(request: BeginVersion, options: { readonly signal: AbortSignal }): Promise<void>;
    /**
     * Makes the version the live one, in one step that readers see whole, and drops the old one and all unit rows (so a
     * zombie of this version misses). Rejects with BUG while a unit is not at `end`. An empty version is swapped too.
     */
    finish(request: FinishVersion, options: { readonly signal: AbortSignal }): Promise<{ readonly rowCount: number }>;
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
  /** As it was when the units were taken over: from then on nobody else can change it. */
  readonly schema: StoredSchema;
  /** Remembers rows for the next commit; the pages must stay untouched until then. */
  write(batch: Batch): Promise<void>;
  /**
   * Writes what was remembered under `plan`, which covers it, stores `schema` where it changed, and moves the bookmarks,
   * all in one transaction where the destination has them; bookmarks come last. When a move misses, everything is rolled
   * back and the call rejects with FENCED. After any rejection nothing of the commit is visible and the remembered rows
   * are forgotten: the lane is opened again and read from its bookmarks.
   */
  commit(
    commit: {
      readonly moves: readonly UnitMove[];
      readonly plan: ColumnPlan;
      readonly schema: StoredSchema;
      readonly nowMs: number;
    },
    options: { readonly signal: AbortSignal },
  ): Promise<CommitReceipt>;
  close(): Promise<void>;
}
