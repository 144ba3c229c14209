import { rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { TributaryError } from '../../platform/errors.ts';
import { syncToDisk } from '../sync-to-disk.ts';
import { type DuckDbFile, fileExists } from './connection.ts';
import { DATABASE, queryRows, quoteName, quotePath, quoteTable } from './sql.ts';

const COPY = 'tributary_compacted';

/**
 * Rewrites the file without the space of deleted and replaced rows and puts it in its own place in one step, while the
 * lock on the old one is held. A file that does not exist has nothing to gain.
 */
export async function compactFile(
  file: DuckDbFile,
  signal: AbortSignal,
): Promise<{ readonly beforeBytes: number; readonly afterBytes: number }> {
  if (!(await fileExists(file.path))) return { beforeBytes: 0, afterBytes: 0 };
  const temporary = `${file.path}.tributary-compact`;
  return file.hold(async (connection) => {
    await connection.run('CHECKPOINT');
    const { size: beforeBytes } = await stat(file.path);
    await requireSpace(file.path, beforeBytes);
    await removeFile(temporary);
    try {
      await copyInto(connection, temporary);
      signal.throwIfAborted();
      await syncToDisk(temporary);
      const { size: afterBytes } = await stat(temporary);
      await rename(temporary, file.path);
      await syncToDisk(dirname(file.path));
      return { beforeBytes, afterBytes };
    } catch (error) {
      await removeFile(temporary);
      throw error;
    }
  }, signal);
}

async function copyInto(connection: DuckDBConnection, path: string): Promise<void> {
  await connection.run(`ATTACH ${quotePath(path)} AS ${COPY}`);
  try {
    await connection.run(`COPY FROM DATABASE ${quoteName(DATABASE)} TO ${COPY}`);
    await requireSameRows(connection);
    await connection.run(`CHECKPOINT ${COPY}`);
  } finally {
    await connection.run(`DETACH ${COPY}`);
  }
}

/** The original is replaced for ever: a copy that misses a table or a row must not get that far. */
async function requireSameRows(connection: DuckDBConnection): Promise<void> {
  const tables = await queryRows(
    connection,
    'SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()',
  );
  for (const { schema_name, table_name } of tables) {
    const schema = String(schema_name);
    const table = String(table_name);
    const original = quoteTable({ schema, table });
    const copy = `${COPY}.${quoteName(schema)}.${quoteName(table)}`;
    const [counts] = await queryRows(
      connection,
      `SELECT (SELECT count(*) FROM ${original}) = (SELECT count(*) FROM ${copy}) AS same`,
    );
    if (counts?.['same'] !== true) {
      throw new TributaryError(
        'DESTINATION_FAILED',
        `The compacted copy of ${schema}.${table} has another number of rows`,
      );
    }
  }
}

async function requireSpace(path: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new TributaryError(
    'DESTINATION_FULL',
    `Compacting ${path} needs up to ${neededBytes} bytes of free space, there are ${freeBytes}`,
    { hint: 'Free some space, then compact again.', context: { path, neededBytes, freeBytes } },
  );
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}.wal`, { force: true });
}
