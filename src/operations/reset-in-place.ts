import { TributaryError } from '../platform/errors.ts';
import { resyncTable } from '../replication/gap-answer.ts';
import { describeSource } from '../replication/log-based.ts';
import { readState } from '../replication/table-replication.ts';
import { type LogBasedRequest, logBasedTables } from './log-based-tables.ts';

/**
 * Has LOG_BASED tables read again in place: the next run scans them beside their stream, and marks what it does not find
 * as deleted. Nothing visible disappears meanwhile, and rows that are only at the destination stay. Also what ends the
 * phases `gap` and `failed`. Resolves to the names of the tables.
 */
export async function resetInPlace(request: LogBasedRequest): Promise<readonly string[]> {
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
  for (const run of runs) await resyncTable(run, await describeSource(run));
  return runs.map(({ target }) => target.table);
}
