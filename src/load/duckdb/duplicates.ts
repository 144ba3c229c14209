import type { DuckDBConnection } from '@duckdb/node-api';
import { changeRows, quoteName, quoteTable, type TableName } from './sql.ts';

/**
 * Keeps one row of each key: that with the greatest value of the column `greatest`, then the one that was appended later.
 * Returns how many rows went.
 */
export async function removeDuplicates(
  connection: DuckDBConnection,
  name: TableName,
  { keyColumns, greatest }: { readonly keyColumns: readonly string[]; readonly greatest: string },
): Promise<number> {
  const table = quoteTable(name);
  const keys = keyColumns.map(quoteName).join(', ');
  // Only keys that come twice are ranked: they are few, and ranking holds its rows in memory.
  return changeRows(
    connection,
    `DELETE FROM ${table} WHERE rowid IN (
       SELECT id FROM (
         SELECT rowid AS id, row_number() OVER (PARTITION BY ${keys} ORDER BY ${quoteName(greatest)} DESC, rowid DESC) AS place
         FROM ${table} WHERE (${keys}) IN (SELECT (${keys}) FROM ${table} GROUP BY ALL HAVING count(*) > 1))
       WHERE place > 1)`,
    [],
  );
}
