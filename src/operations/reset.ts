import type { Destination } from '../load/destination.ts';
import { TributaryError } from '../platform/errors.ts';

interface ResetRequest {
  readonly source: string;
  /** The tables to reset; null means every table of the source that was ever replicated. */
  readonly tables: readonly string[] | null;
  readonly destination: Destination;
}

export interface ResetOutcome {
  readonly table: string;
  /** False when the table was never replicated: there is nothing to reset. */
  readonly reset: boolean;
}

/**
 * Asks for a full re-replication with a fresh schema: drops what an interrupted run has built and its bookmarks. Readers
 * keep the live version until the next run swaps the new one in.
 */
export async function reset({ source, tables, destination }: ResetRequest): Promise<readonly ResetOutcome[]> {
  const { runStore } = destination;
  const known = (await runStore.readTables(source)).map(({ table }) => table);
  const chosen = tables ?? known;
  const outcomes: ResetOutcome[] = [];
  for (const table of chosen) outcomes.push({ table, reset: await runStore.requestReset(source, table) });
  if (tables !== null && outcomes.every((outcome) => !outcome.reset)) {
    throw new TributaryError('TABLE_NOT_FOUND', `None of the tables named was ever replicated from ${source}`, {
      hint:
        known.length === 0 ? 'Nothing to reset: run `tributary sync` first' : `Replicated so far: ${known.join(', ')}`,
    });
  }
  return outcomes;
}

export interface ResetPreview {
  readonly table: string;
  readonly liveRows: number;
  /** Rows that an interrupted version has loaded aside. */
  readonly unfinishedRows: number;
  readonly followsStream: boolean;
  /** Rows of deleted items that are marked as such: the new version, which is read from the table, will not have them. */
  readonly markedRows: number;
}

/** What a reset would drop, for the question before it. */
export async function previewReset({ source, tables, destination }: ResetRequest): Promise<readonly ResetPreview[]> {
  const known = await destination.runStore.readTables(source);
  return known
    .filter(({ table }) => tables === null || tables.includes(table))
    .map(({ table, liveRowCount, loading }) => {
      const isLive = loading?.placement === 'live';
      return {
        table,
        liveRows: liveRowCount,
        unfinishedRows: isLive ? 0 : (loading?.rowCount ?? 0),
        followsStream: loading !== null && loading.stream !== null,
        markedRows: isLive ? loading.rowCount - liveRowCount : 0,
      };
    });
}
