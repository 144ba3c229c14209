import { BIGINT, type DuckDBConnection, TIMESTAMPTZ, VARCHAR } from '@duckdb/node-api';
import { appendRows } from './append-rows.ts';
import type { RejectedRow } from './chunk-writer.ts';
import { readTableColumns } from './schema-change.ts';
import { queryRows, quoteTable, type TableName } from './sql.ts';
import { timestamp } from './table-rows.ts';

/** The table for rows that no column can hold, one in each destination schema; name and columns are Stitch's. */
export const REJECTED_TABLE = '_sdc_rejected';

/** Adds rows of the version that is being built: they go with it, see `keepRejectedRows`. */
export async function saveRejectedRows(
  connection: DuckDBConnection,
  { schema, table }: TableName,
  {
    version,
    nowMs,
    rejected,
  }: { readonly version: number; readonly nowMs: number; readonly rejected: readonly RejectedRow[] },
): Promise<void> {
  if (rejected.length === 0) return;
  const name = { schema, table: REJECTED_TABLE };
  // The record is text, not JSON: half of a surrogate pair in one would make DuckDB refuse them all.
  await connection.run(
    `CREATE TABLE IF NOT EXISTS ${quoteTable(name)}
     (_sdc_rejected_at TIMESTAMPTZ, table_name VARCHAR, reason VARCHAR, record VARCHAR, _sdc_table_version BIGINT)`,
  );
  await appendRows(
    connection,
    name,
    [TIMESTAMPTZ, VARCHAR, VARCHAR, VARCHAR, BIGINT],
    rejected.map(({ reason, record }) => [timestamp(nowMs), table, reason, record, BigInt(version)]),
  );
}

/** Deletes the rejected rows of a table but those of one version. */
export async function keepRejectedRows(
  connection: DuckDBConnection,
  { schema, table }: TableName,
  version: number,
): Promise<void> {
  const name = { schema, table: REJECTED_TABLE };
  const present = await queryRows(
    connection,
    'SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2',
    [schema, REJECTED_TABLE],
  );
  if (present.length === 0) return;
  // Somebody else's table of that name must not fail a swap.
  const columns = await readTableColumns(connection, name);
  if (!columns.some((column) => column.name === '_sdc_table_version')) return;
  await connection.run(`DELETE FROM ${quoteTable(name)} WHERE table_name = $1 AND _sdc_table_version <> $2`, [
    table,
    version,
  ]);
}
