import type { RunRecord } from './run.ts';
import type { StoredSchema } from './stored-schema.ts';
import type { TableState } from './table-state.ts';
import type { UnitState } from './unit-state.ts';

/**
 * Bookmarks, schemas and run records of one destination, wherever they are kept: beside the data where the destination
 * keeps its own state (DuckDB tables, the commit log of files), in a locked file otherwise. Reads never create anything:
 * a destination that does not exist yet answers with empty lists.
 */
export interface RunStore {
  /** All tables of the source that were ever begun, by name. */
  readTables(source: string): Promise<readonly TableState[]>;
  /** Units of the version that is being built; empty when none is. */
  readUnits(source: string, table: string): Promise<readonly UnitState[]>;
  /** The schema of the version that is being built, else of the live one; null before the first. */
  readSchema(source: string, table: string): Promise<StoredSchema | null>;
  /** The latest runs first. */
  readRuns(source: string, limit: number): Promise<readonly RunRecord[]>;
  /** Inserts or replaces the record of `runId`; keeps the latest 1,000 of a source. */
  saveRun(run: RunRecord): Promise<void>;
  /**
   * Marks the table for a reset and drops the version that is being built, its rows and its bookmarks, in one step. The
   * live version stays readable until the next run swaps. Resolves to false when the table was never begun.
   */
  requestReset(source: string, table: string): Promise<boolean>;
}
