import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Runs `use` in one transaction. An abort is honoured until COMMIT is sent, never half-way.
 *
 * DuckDB 1.5 cannot replay its write-ahead log after a crash (rows are lost, or the file cannot be opened any more) when a
 * transaction changes rows of a table and then alters or renames it, and when it alters a type with an expression that
 * calls a function. Our commits leave no log (connection.ts), but nothing here may depend on that: no transaction does either.
 */
export async function inTransaction<T>(
  connection: DuckDBConnection,
  signal: AbortSignal,
  use: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  await connection.run('BEGIN');
  let result: T;
  try {
    result = await use();
    signal.throwIfAborted();
  } catch (error) {
    await rollBack(connection);
    throw error;
  }
  await connection.run('COMMIT');
  return result;
}

async function rollBack(connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run('ROLLBACK');
  } catch {
    // After a fatal error DuckDB has no transaction any more; closing the file, which follows, drops what there was.
  }
}
