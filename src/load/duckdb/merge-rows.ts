import type { DuckDBConnection } from '@duckdb/node-api';
import { MEMBER_COLUMN } from './chunk-writer.ts';
import { removeDuplicates } from './duplicates.ts';
import { changeRows, queryRows, quoteName, quoteTable, type TableName, temporaryTable } from './sql.ts';

/** What became of the rows of one of the commits that were staged together. */
interface MergedRows {
  readonly upsertedRows: number;
  readonly deletedRows: number;
  readonly compactedRows: number;
  readonly supersededRows: number;
}

interface MergeOptions {
  readonly keyColumns: readonly string[];
  /** How many rows each of the commits has staged. */
  readonly stagedRows: readonly number[];
  /** Deletes take the row away in place of leaving one that says so. */
  readonly removesDeleted: boolean;
  /** Whether the table has no rows yet: then there is nothing to compare with. */
  readonly isEmpty: boolean;
}

interface Merge {
  /** By commit. */
  readonly merged: readonly MergedRows[];
  /** By how much the rows of the table have become more, and those without `_sdc_deleted_at`. */
  readonly rowCountChange: number;
  readonly liveRowCountChange: number;
}

export const STAGED = temporaryTable('_tributary_staged');
const HITS = temporaryTable('_tributary_hits');

/** Makes the empty staging table of a table: the same columns, and which commit a row is of. */
export async function createStaging(connection: DuckDBConnection, name: TableName): Promise<void> {
  await connection.run(
    `CREATE TEMP TABLE ${STAGED.table} AS SELECT *, 0::INTEGER AS ${MEMBER_COLUMN} FROM ${quoteTable(name)} LIMIT 0`,
  );
}

/**
 * Brings the staged rows into the table under the one rule: of two rows of a key that with the greater sequence stays, of
 * equal ones the later. Drops the staging table.
 */
export async function mergeStagedRows(
  connection: DuckDBConnection,
  name: TableName,
  { keyColumns, stagedRows, removesDeleted, isEmpty }: MergeOptions,
): Promise<Merge> {
  const staged = quoteTable(STAGED);
  const compacted = await removeDuplicates(connection, STAGED, { keyColumns, greatest: '_sdc_sequence' });
  const afterCompaction = compacted === 0 ? stagedRows : await countByMember(connection, stagedRows.length, 'true');
  const hits = isEmpty ? NO_HITS : await replaceHits(connection, name, keyColumns);
  const remaining = hits.lost === 0 ? afterCompaction : await countByMember(connection, stagedRows.length, 'true');
  const deletes = await countByMember(connection, stagedRows.length, '_sdc_deleted_at IS NOT NULL');
  const inserted = await changeRows(
    connection,
    `INSERT INTO ${quoteTable(name)} SELECT * EXCLUDE (${MEMBER_COLUMN}) FROM ${staged}
     ${removesDeleted ? 'WHERE _sdc_deleted_at IS NULL' : ''} ORDER BY rowid`,
    [],
  );
  await connection.run(`DROP TABLE ${staged}`);
  const merged = stagedRows.map((count, member): MergedRows => {
    const [compact = 0, left = 0, deleted = 0] = [afterCompaction[member], remaining[member], deletes[member]];
    return {
      upsertedRows: left - deleted,
      deletedRows: deleted,
      compactedRows: count - compact,
      supersededRows: compact - left,
    };
  });
  const upserted = merged.reduce((sum, { upsertedRows }) => sum + upsertedRows, 0);
  return { merged, rowCountChange: inserted - hits.replaced, liveRowCountChange: upserted - hits.replacedLive };
}

interface Hits {
  /** Staged rows that are gone because the table has a greater sequence. */
  readonly lost: number;
  /** Rows of the table that are gone because a staged one takes their place. */
  readonly replaced: number;
  readonly replacedLive: number;
}

const NO_HITS: Hits = { lost: 0, replaced: 0, replacedLive: 0 };

/** Removes from either side the rows that have lost against one of the same key on the other; reads the table once. */
async function replaceHits(
  connection: DuckDBConnection,
  name: TableName,
  keyColumns: readonly string[],
): Promise<Hits> {
  const [table, staged, hits] = [quoteTable(name), quoteTable(STAGED), quoteTable(HITS)];
  const sameKey = keyColumns.map((column) => `present.${quoteName(column)} = staged.${quoteName(column)}`);
  await connection.run(
    `CREATE TEMP TABLE ${HITS.table} AS
     SELECT present.rowid AS present_id, staged.rowid AS staged_id, present._sdc_sequence > staged._sdc_sequence AS wins,
       present._sdc_deleted_at IS NULL AS is_live
     FROM ${table} AS present JOIN ${staged} AS staged ON ${sameKey.join(' AND ')}`,
  );
  const [counts] = await queryRows(
    connection,
    `SELECT count(*) FILTER (wins) AS lost, count(*) FILTER (NOT wins) AS replaced,
       count(*) FILTER (NOT wins AND is_live) AS replaced_live FROM ${hits}`,
  );
  const [lost, replaced, replacedLive] = ['lost', 'replaced', 'replaced_live'].map((count) => Number(counts?.[count]));
  const found = { lost: lost ?? 0, replaced: replaced ?? 0, replacedLive: replacedLive ?? 0 };
  if (found.lost > 0) {
    await connection.run(`DELETE FROM ${staged} WHERE rowid IN (SELECT staged_id FROM ${hits} WHERE wins)`);
  }
  if (found.replaced > 0) {
    await connection.run(`DELETE FROM ${table} WHERE rowid IN (SELECT present_id FROM ${hits} WHERE NOT wins)`);
  }
  await connection.run(`DROP TABLE ${hits}`);
  return found;
}

/** How many staged rows each commit has for which the condition holds. */
async function countByMember(
  connection: DuckDBConnection,
  memberCount: number,
  condition: string,
): Promise<readonly number[]> {
  const rows = await queryRows(
    connection,
    `SELECT ${MEMBER_COLUMN} AS member, count(*) AS n FROM ${quoteTable(STAGED)} WHERE ${condition} GROUP BY ALL`,
  );
  const counts = new Map(rows.map(({ member, n }) => [Number(member), Number(n)]));
  return Array.from({ length: memberCount }, (_, member) => counts.get(member) ?? 0);
}
