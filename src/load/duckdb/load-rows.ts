import type { DuckDBConnection } from '@duckdb/node-api';
import type { CommitReceipt } from '../destination.ts';
import { appendBatches } from './chunk-writer.ts';
import type { LaneCommit } from './lane-commit.ts';
import { createStaging, mergeStagedRows, STAGED } from './merge-rows.ts';
import { saveRejectedRows } from './rejected-rows.ts';
import type { TableName } from './sql.ts';
import { type LoadingTable, liveTableName } from './table-rows.ts';

/** The table of a version and the plan under which rows are written. */
interface Destined {
  readonly name: TableName;
  readonly stored: LoadingTable;
  readonly plan: LaneCommit['request']['plan'];
}

/** What has become of the rows of some commits of one table. */
interface Loaded {
  readonly receipts: readonly CommitReceipt[];
  readonly appendedRows: number;
  readonly rowCountChange: number;
  readonly liveRowCountChange: number;
}

/** A version without a stream: its rows are new, whatever they are. */
export async function appendAll(
  connection: DuckDBConnection,
  destined: Destined,
  commits: readonly LaneCommit[],
): Promise<Loaded> {
  const appended = await appendCommits(connection, destined, { into: destined.name, commits });
  const appendedRows = appended.reduce((sum, rows) => sum + rows.appendedRows, 0);
  return {
    receipts: appended.map((rows) => ({
      receipt: 'durable',
      upsertedRows: rows.appendedRows,
      deletedRows: 0,
      compactedRows: 0,
      supersededRows: 0,
      rejectedRows: rows.rejectedRows,
    })),
    appendedRows,
    rowCountChange: appendedRows,
    liveRowCountChange: appendedRows,
  };
}

/** A version with a stream: rows of one key meet, in the commits and in the table. */
export async function mergeAll(
  connection: DuckDBConnection,
  destined: Destined,
  commits: readonly LaneCommit[],
): Promise<Loaded> {
  const { name, stored, plan } = destined;
  if (commits.every(({ batches }) => batches.every(({ page }) => page.rowCount === 0))) {
    return { receipts: commits.map(() => NOTHING), appendedRows: 0, rowCountChange: 0, liveRowCountChange: 0 };
  }
  await createStaging(connection, name);
  const appended = await appendCommits(connection, destined, { into: STAGED, commits });
  const merge = await mergeStagedRows(connection, name, {
    keyColumns: plan.columns.flatMap(({ name: column, key }) => (key === null ? [] : [column])),
    stagedRows: appended.map(({ appendedRows }) => appendedRows),
    removesDeleted: stored.phase === 'following' && commits.some(({ lane }) => lane.deletes === 'hard'),
    isEmpty: stored.loading.rowCount === 0,
  });
  return {
    receipts: appended.map(({ rejectedRows }, index) => ({
      ...NOTHING,
      ...merge.merged[index],
      rejectedRows,
    })),
    appendedRows: appended.reduce((sum, rows) => sum + rows.appendedRows, 0),
    rowCountChange: merge.rowCountChange,
    liveRowCountChange: merge.liveRowCountChange,
  };
}

const NOTHING: CommitReceipt = {
  receipt: 'durable',
  upsertedRows: 0,
  deletedRows: 0,
  compactedRows: 0,
  supersededRows: 0,
  rejectedRows: 0,
};

/** Appends the rows of each commit and keeps those that it cannot. */
async function appendCommits(
  connection: DuckDBConnection,
  { stored, plan }: Destined,
  { into, commits }: { readonly into: TableName; readonly commits: readonly LaneCommit[] },
): Promise<readonly { readonly appendedRows: number; readonly rejectedRows: number }[]> {
  const { version, base, stream } = stored.loading;
  const counts: { readonly appendedRows: number; readonly rejectedRows: number }[] = [];
  for (const [index, { batches, request, signal }] of commits.entries()) {
    const { nowMs } = request;
    const member = stream === null ? null : index;
    const options = { plan, version, base, nowMs, member, signal };
    const { appendedRows, rejected } = await appendBatches(connection, into, batches, options);
    await saveRejectedRows(connection, liveTableName(stored), { version, nowMs, rejected });
    counts.push({ appendedRows, rejectedRows: rejected.length });
  }
  return counts;
}
