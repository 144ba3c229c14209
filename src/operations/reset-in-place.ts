import { TributaryError } from '../platform/errors.ts';
import { resyncTable } from '../replication/gap-answer.ts';
import { describeSource } from '../replication/log-based.ts';
import { readState } from '../replication/table-replication.ts';
import { logBasedTables } from './log-based-tables.ts';
import { tableByTable } from './table-by-table.ts';
import type { TablesRequest } from './tables-request.ts';

/**
 * Has LOG_BASED tables read again in place: the next run scans them beside their stream, and marks what it does not find
 * as deleted. Nothing visible disappears meanwhile, and rows that are only at the destination stay. Also what ends the
 * phases `gap` and `failed`. Resolves to the names of the tables; when one fails, the error says which are done already.
 */
export async function resetInPlace(request: TablesRequest): Promise<readonly string[]> {
  const runs = await logBasedTables(request);
  for (const run of runs) {
    const { table } = run.target;
    const state = await readState(run);
    if (state?.resetRequested === true) {
      throw new TributaryError('USAGE', `A reset of ${table} is asked for already`, {
        hint: 'The next run begins a new version of it; run `tributary sync`',
      });
    }
    if (state === null || state.loading === null || state.loading.stream === null) {
      throw new TributaryError('TABLE_NOT_FOUND', `${table} has not been replicated through its stream so far`, {
        hint: 'There is nothing to read again; run `tributary sync`',
      });
    }
  }
  await tableByTable(
    runs.map((run) => ({ table: run.target.table, make: async () => resyncTable(run, await describeSource(run)) })),
  );
  return runs.map(({ target }) => target.table);
}
