import type { Destination } from '../load/destination.ts';
import { TributaryError } from '../platform/errors.ts';
import { stateFileText } from '../state/exported-state.ts';

/**
 * The bookmarks of a source as the text of a state file, one line of JSON. Rejects with SELECTION_INVALID for a table that
 * was never replicated. Reads only.
 */
export async function exportState(request: {
  readonly source: string;
  /** Empty means all. */
  readonly tables: readonly string[];
  readonly destination: Destination;
  readonly nowMs: number;
}): Promise<string> {
  const { source, tables: wanted, destination, nowMs } = request;
  const { runStore } = destination;
  const stored = await runStore.readTables(source);
  const unknown = wanted.find((name) => !stored.some(({ table }) => table === name));
  if (unknown !== undefined) {
    throw new TributaryError(
      'SELECTION_INVALID',
      `There is no table ${unknown} of source ${source} that was ever replicated`,
      {
        hint: `There are: ${stored.map(({ table }) => table).join(', ') || 'none'}`,
      },
    );
  }
  const chosen = wanted.length === 0 ? stored : stored.filter(({ table }) => wanted.includes(table));
  const tables = await Promise.all(
    chosen.map(async (state) => ({ state, units: await runStore.readUnits(source, state.table) })),
  );
  return stateFileText({ source, tables, nowMs });
}
