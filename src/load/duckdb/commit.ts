import type { DuckDBConnection } from '@duckdb/node-api';
import type { StoredSchema } from '../../model/stored-schema.ts';
import { TributaryError } from '../../platform/errors.ts';
import { fenced } from '../fenced.ts';
import { maySucceed } from '../schema-succession.ts';
import { readSchemaRows, replaceSchemaRows } from './column-rows.ts';
import { mergeRowGroups } from './connection.ts';
import { type Committed, commitsByTable, type LaneCommit } from './lane-commit.ts';
import { appendAll, mergeAll } from './load-rows.ts';
import { alterTable, copyWidened, createTable, planWidening, readTableColumns } from './schema-change.ts';
import { quoteTable, type TableName } from './sql.ts';
import {
  type LoadingTable,
  loadingTableName,
  readLoadingTable,
  saveStoredTable,
  spareTableName,
} from './table-rows.ts';
import { moveUnitRows, newUnitStates, openUnitRows, pruneUnitRows } from './unit-rows.ts';

/** A slow scan commits a few rows every some seconds: without merging each would take blocks of the file for itself. */
const SMALL_COMMIT_ROWS = 16_384;
const SMALL_COMMIT_BYTES = 8 * 1024 * 1024;
/** Merging writes up to 122,880 rows again: the wider they are, the less often. */
const WIDE_ROW_BYTES = 4096;

/**
 * A stream never ends, and scattered deletes make merging dear: so only some of its small commits merge, and not all that
 * is there. Measured with 200 commits of 10 changes into 100,000 rows: 58 ms a commit in the end and a file of 15 MB;
 * without merging 200 ms and 62 MB.
 */
const COMMITS_PER_MERGE = 16;
const MERGES_AT_ONCE = 16;

/** Does the commits, of any lanes of any tables, inside the open transaction; what became of them, in their order. */
export async function commitLanes(
  connection: DuckDBConnection,
  commits: readonly LaneCommit[],
): Promise<readonly Committed[]> {
  const committed = new Map<LaneCommit, Committed>();
  for (const ofTable of commitsByTable(commits)) {
    const done = await commitTable(connection, ofTable);
    for (const [index, one] of done.entries()) {
      const commit = ofTable[index];
      if (commit !== undefined) committed.set(commit, one);
    }
  }
  return commits.flatMap((commit) => committed.get(commit) ?? []);
}

/** What the commits of one table find: its state, and the newest schema that they bring with the commit that brings it. */
interface Succession {
  readonly stored: LoadingTable;
  readonly schema: StoredSchema;
  readonly newest: LaneCommit;
}

/** Rejects with FENCED when a commit is of another version, or does not know the schema of those before it. */
export async function readSuccession(
  connection: DuckDBConnection,
  commits: readonly LaneCommit[],
): Promise<Succession> {
  let newest = commits[0];
  if (newest === undefined) throw new TributaryError('BUG', 'There is nothing to commit');
  const stored = await readLoadingTable(connection, newest.lane);
  let schema = await readSchemaRows(connection, newest.lane, stored.loading.schemaVersion);
  for (const commit of commits) {
    const { lane, request } = commit;
    if (lane.version !== stored.loading.version || lane.base !== stored.loading.base) {
      throw fenced(lane, `version ${lane.version}`);
    }
    if (!maySucceed(schema, request.schema)) throw fenced(lane, 'the schema');
    if (request.schema.schemaVersion < schema.schemaVersion) continue;
    newest = commit;
    schema = request.schema;
  }
  return { stored, schema, newest };
}

async function commitTable(
  connection: DuckDBConnection,
  commits: readonly LaneCommit[],
): Promise<readonly Committed[]> {
  const { stored, schema, newest } = await readSuccession(connection, commits);
  const { loading } = stored;
  const { lane } = newest;
  const { plan, nowMs } = newest.request;
  // Before any row: no transaction changes rows of a table and alters it then.
  const name = await widenTable(connection, stored, plan);
  const loaded =
    loading.stream === null
      ? await appendAll(connection, { name, stored, plan }, commits)
      : await mergeAll(connection, { name, stored, plan }, commits);

  const rowCount = loading.rowCount + loaded.rowCountChange;
  const commitCount = loading.commitCount + (loaded.appendedRows > 0 ? 1 : 0);
  const { bytes, commitsPerMerge } = sizeOf(commits);
  if (bytes < SMALL_COMMIT_BYTES && loading.stream === null) {
    const isSlow = rowCount < commitCount * SMALL_COMMIT_ROWS;
    if (isSlow && commitCount % commitsPerMerge === 0) await mergeRowGroups(connection);
  } else if (bytes < SMALL_COMMIT_BYTES && loaded.appendedRows < SMALL_COMMIT_ROWS) {
    const isDue = commitCount % (COMMITS_PER_MERGE * commitsPerMerge) === 0;
    if (isDue) await mergeRowGroups(connection, MERGES_AT_ONCE);
  }
  if (schema.schemaVersion > loading.schemaVersion) await replaceSchemaRows(connection, lane, schema);
  const isLive = loading.placement === 'live';
  await saveStoredTable(connection, {
    ...stored,
    liveRowCount: stored.liveRowCount + (isLive ? loaded.liveRowCountChange : 0),
    liveSchemaVersion: isLive ? schema.schemaVersion : stored.liveSchemaVersion,
    loading: {
      ...loading,
      tableName: name.table,
      rowCount,
      commitCount,
      lastCommitAtMs: nowMs,
      schemaVersion: schema.schemaVersion,
    },
  });
  await moveUnitRows(
    connection,
    lane,
    commits.flatMap(({ request }) => request.moves),
  );
  await openUnitRows(
    connection,
    lane,
    commits.flatMap(({ request, epoch }) => newUnitStates(request.opened, epoch)),
  );
  await pruneUnitRows(
    connection,
    lane,
    commits.flatMap(({ request }) => request.pruned),
  );
  return loaded.receipts.map((receipt) => ({ receipt, isLive }));
}

/** Gives the table of the version the columns of the plan; returns the name that it has then. */
async function widenTable(
  connection: DuckDBConnection,
  stored: LoadingTable,
  plan: LaneCommit['request']['plan'],
): Promise<TableName> {
  const { loading } = stored;
  const name = loadingTableName(stored, loading);
  const widening = planWidening(await readTableColumns(connection, name), plan);
  if (widening === null) return name;
  const isLive = loading.placement === 'live';
  // An empty table is made anew, which puts its columns in order for nothing.
  if (isLive && loading.rowCount === 0) {
    await connection.run(`DROP TABLE ${quoteTable(name)}`);
    await createTable(connection, name, { plan, followsStream: loading.stream !== null });
    return name;
  }
  if (loading.rowCount > 0 && !widening.needsRewrite) {
    await alterTable(connection, name, widening);
    return name;
  }
  if (isLive) throw new TributaryError('BUG', 'The live table was not rewritten before the commit that needs it');
  const target = spareTableName(stored, loading);
  await copyWidened(connection, name, { target, plan, widening });
  await connection.run(`DROP TABLE ${quoteTable(name)}`);
  return target;
}

function sizeOf(commits: readonly LaneCommit[]): { readonly bytes: number; readonly commitsPerMerge: number } {
  let [bytes, rows] = [0, 0];
  for (const { page } of commits.flatMap(({ batches }) => batches)) {
    bytes += page.body.byteLength;
    rows += page.rowCount;
  }
  return { bytes, commitsPerMerge: Math.max(1, Math.ceil(bytes / Math.max(1, rows) / WIDE_ROW_BYTES)) };
}
