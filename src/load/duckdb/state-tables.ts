import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import { changeRows, queryRows, type Row } from './sql.ts';

/** Names that begin so are ours in every schema: no user table is called so, because table naming gives it a prefix. */
export const RESERVED_PREFIX = '_tributary_';

/** Raised when an older Tributary could no longer read what a newer one stores. */
const FORMAT_VERSION = 1;

const STATE_TABLES = [
  'CREATE TABLE IF NOT EXISTS main._tributary_meta (format_version INTEGER)',
  `CREATE TABLE IF NOT EXISTS main._tributary_tables (
    source VARCHAR, table_name VARCHAR, destination_schema VARCHAR, destination_table VARCHAR, phase VARCHAR,
    live_version BIGINT, live_row_count BIGINT, live_since TIMESTAMPTZ, live_schema_version BIGINT,
    building_version BIGINT, building_table VARCHAR, building_base BIGINT, building_identity VARCHAR,
    building_layout VARCHAR, building_total_segments BIGINT, building_started_at TIMESTAMPTZ,
    building_last_commit_at TIMESTAMPTZ, building_row_count BIGINT, building_commit_count BIGINT,
    building_schema_version BIGINT,
    highest_base BIGINT, highest_epoch BIGINT, reset_requested BOOLEAN)`,
  `CREATE TABLE IF NOT EXISTS main._tributary_state (
    source VARCHAR, table_name VARCHAR, version BIGINT, unit VARCHAR, epoch BIGINT, position VARCHAR)`,
  `CREATE TABLE IF NOT EXISTS main._tributary_columns (
    source VARCHAR, table_name VARCHAR, version BIGINT, ordinal BIGINT, attribute VARCHAR, column_name VARCHAR,
    evidence JSON)`,
  `CREATE TABLE IF NOT EXISTS main._tributary_runs (
    source VARCHAR, run_id VARCHAR, started_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, record JSON)`,
];

const metaSchema = z.tuple([z.object({ format_version: z.number() })]);

/** Creates them in one transaction. They have no keys: DuckDB's indexes refuse to delete and insert a key in one. */
export async function createStateTables(connection: DuckDBConnection): Promise<void> {
  await connection.run('BEGIN');
  for (const statement of STATE_TABLES) await connection.run(statement);
  await changeRows(connection, 'INSERT INTO main._tributary_meta VALUES ($1)', [FORMAT_VERSION]);
  await connection.run('COMMIT');
}

/**
 * Whether this file was ever loaded: the DuckDB file of somebody else may be a destination too. Rejects with
 * STATE_INVALID when the state in it was written by a newer version.
 */
export async function hasStateTables(connection: DuckDBConnection, path: string): Promise<boolean> {
  let rows: readonly Row[];
  try {
    rows = await queryRows(connection, 'SELECT format_version FROM main._tributary_meta');
  } catch (error) {
    // Asking the catalog takes ten times as long, and each operation begins with this.
    if (/Table with name _tributary_meta does not exist/.test(messageOf(error))) return false;
    throw error;
  }
  const version = parseStored(metaSchema, rows, '_tributary_meta')[0].format_version;
  if (version <= FORMAT_VERSION) return true;
  throw new TributaryError(
    'STATE_INVALID',
    `The state in ${path} has format ${version}, this version of Tributary reads up to ${FORMAT_VERSION}`,
    { hint: 'Use the newer version of Tributary that wrote it.', context: { path, version } },
  );
}

/** Rows of our own tables, as what they must be; anybody may have changed them. */
export function parseStored<T>(schema: z.ZodType<T>, stored: unknown, table: string): T {
  const parsed = schema.safeParse(stored);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new TributaryError('STATE_INVALID', `The table ${table} holds something unexpected at ${where}`, {
    context: { table },
    cause: parsed.error,
  });
}
