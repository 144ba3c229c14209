import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteName, quoteTable, type TableName } from './sql.ts';

/** Keeps one row of each key: that with the greatest `_sdc_extracted_at`, then the one that was appended later. */
export async function removeDuplicates(
  connection: DuckDBConnection,
  name: TableName,
  keyColumns: readonly string[],
): Promise<void> {
  const table = quoteTable(name);
  const keys = keyColumns.map(quoteName).join(', ');
  // Only keys that come twice are ranked: they are few, and ranking holds its rows in memory.
  await connection.run(
    `DELETE FROM ${table} WHERE rowid IN (
       SELECT id FROM (
         SELECT rowid AS id, row_number() OVER (PARTITION BY ${keys} ORDER BY _sdc_extracted_at DESC, rowid DESC) AS place
         FROM ${table} WHERE (${keys}) IN (SELECT (${keys}) FROM ${table} GROUP BY ALL HAVING count(*) > 1))
       WHERE place > 1)`,
  );
}
