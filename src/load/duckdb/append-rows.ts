import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { DATABASE, type TableName } from './sql.ts';

/** Rows of a vector, DuckDB's unit of work. */
export const CHUNK_ROWS = 2048;

/** Appends a few rows to a table whose columns have exactly these types, inside the open transaction. */
export async function appendRows(
  connection: DuckDBConnection,
  { database = DATABASE, schema, table }: TableName,
  types: readonly DuckDBType[],
  rows: readonly (readonly DuckDBValue[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const appender = await connection.createAppender(table, schema, database);
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    const chunk = DuckDBDataChunk.create(types);
    chunk.setRows(rows.slice(start, start + CHUNK_ROWS));
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
