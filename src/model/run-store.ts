import type { Gap } from './gap.ts';
import type { RunRecord } from './run.ts';
import type { StoredSchema } from './stored-schema.ts';
import type { TableState } from './table-state.ts';
import type { NewUnit, UnitState } from './unit-state.ts';

/**
 * Bookmarks, schemas and run records of one destination, wherever they are kept: beside the data where the destination
 * keeps its own state (DuckDB tables, the commit log of files), in a locked file otherwise. Reads never create anything:
 * a destination that does not exist yet answers with empty lists.
 */
export interface RunStore {
  /** All tables of the source that were ever begun, by name. */
  readTables(source: string): Promise<readonly TableState[]>;
  /** Units of the version that is loaded (`TableState.loading`); empty when there is none. */
  readUnits(source: string, table: string): Promise<readonly UnitState[]>;
  /** The schema of the version that is loaded, else of the live one; null before the first. */
  readSchema(source: string, table: string): Promise<StoredSchema | null>;
  /** The latest runs first. */
  readRuns(source: string, limit: number): Promise<readonly RunRecord[]>;
  /** Inserts or replaces the record of `runId`; keeps the latest 1,000 of a source. */
  saveRun(run: RunRecord): Promise<void>;
  /**
   * Marks the table for a reset, in one step with dropping all of its bookmarks and the rows of a version that is loaded
   * aside. The live version stays readable until the next run swaps. Resolves to false when the table was never begun.
   */
  requestReset(source: string, table: string): Promise<boolean>;
  /** Gaps of the source, the latest first. */
  readGaps(source: string): Promise<readonly Gap[]>;
  /**
   * Puts units of the loaded version where a person wants them, adds those that are not there, and raises the epochs of
   * all units, so that a run that is on its way can no longer commit. Rejects with FENCED when the loaded version is
   * another one.
   */
  rewriteUnits(request: RewriteUnits): Promise<void>;
}

export interface RewriteUnits {
  readonly source: string;
  readonly table: string;
  readonly version: number;
  readonly base: bigint;
  readonly units: readonly NewUnit[];
}
