import { type DuckDBConnection, TIMESTAMPTZ, VARCHAR } from '@duckdb/node-api';
import { appendRows } from './append-rows.ts';
import type { RejectedRow } from './chunk-writer.ts';
import { quoteTable } from './sql.ts';
import { timestamp } from './table-rows.ts';

/** The table for rows that no column can hold, one in each destination schema; name and columns are Stitch's. */
export const REJECTED_TABLE = '_sdc_rejected';

export async function saveRejectedRows(
  connection: DuckDBConnection,
  { schema, table, nowMs }: { readonly schema: string; readonly table: string; readonly nowMs: number },
  rejected: readonly RejectedRow[],
): Promise<void> {
  if (rejected.length === 0) return;
  const name = { schema, table: REJECTED_TABLE };
  // The record is text, not JSON: half of a surrogate pair in one would make DuckDB refuse them all.
  await connection.run(
    `CREATE TABLE IF NOT EXISTS ${quoteTable(name)}
     (_sdc_rejected_at TIMESTAMPTZ, table_name VARCHAR, reason VARCHAR, record VARCHAR)`,
  );
  await appendRows(
    connection,
    name,
    [TIMESTAMPTZ, VARCHAR, VARCHAR, VARCHAR],
    rejected.map(({ reason, record }) => [timestamp(nowMs), table, reason, record]),
  );
}
