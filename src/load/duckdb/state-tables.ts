import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import { changeRows, queryRows, type Row } from './sql.ts';

/** Names that begin so are ours in every schema: no user table is called so, because table naming gives it a prefix. */
export const RESERVED_PREFIX = '_tributary_';

/** Raised when an older Tributary could no longer read what a newer one stores. */
const FORMAT_VERSION = 2;

const GAPS_TABLE = `CREATE TABLE IF NOT EXISTS main._tributary_gaps (
  gap_id VARCHAR, source VARCHAR, table_name VARCHAR, version BIGINT, kind VARCHAR, stream_arn VARCHAR, shard VARCHAR,
  from_at TIMESTAMPTZ, to_at TIMESTAMPTZ, detected_at TIMESTAMPTZ, detail VARCHAR, reaction VARCHAR,
  resolved_at TIMESTAMPTZ)`;

const STATE_TABLES = [
  'CREATE TABLE IF NOT EXISTS main._tributary_meta (format_version INTEGER)',
  `CREATE TABLE IF NOT EXISTS main._tributary_tables (
    source VARCHAR, table_name VARCHAR, destination_schema VARCHAR, destination_table VARCHAR, phase VARCHAR,
    live_version BIGINT, live_row_count BIGINT, live_since TIMESTAMPTZ, live_schema_version BIGINT,
    loading_version BIGINT, loading_table VARCHAR, loading_base BIGINT, loading_identity VARCHAR,
    loading_layout VARCHAR, loading_total_segments BIGINT, loading_started_at TIMESTAMPTZ,
    loading_last_commit_at TIMESTAMPTZ, loading_row_count BIGINT, loading_commit_count BIGINT,
    loading_schema_version BIGINT,
    highest_base BIGINT, highest_epoch BIGINT, reset_requested BOOLEAN,
    loading_placement VARCHAR, stream_arn VARCHAR, stream_lane_count BIGINT, stream_gap_count BIGINT,
    stream_gap_end TIMESTAMPTZ, last_resync_at TIMESTAMPTZ)`,
  `CREATE TABLE IF NOT EXISTS main._tributary_state (
    source VARCHAR, table_name VARCHAR, version BIGINT, unit VARCHAR, epoch BIGINT, position VARCHAR,
    sequence BIGINT, verified_through TIMESTAMPTZ, parent VARCHAR, lane BIGINT, first_listed_at TIMESTAMPTZ)`,
  `CREATE TABLE IF NOT EXISTS main._tributary_columns (
    source VARCHAR, table_name VARCHAR, version BIGINT, ordinal BIGINT, attribute VARCHAR, column_name VARCHAR,
    evidence JSON)`,
  GAPS_TABLE,
  `CREATE TABLE IF NOT EXISTS main._tributary_runs (
    source VARCHAR, run_id VARCHAR, started_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, record JSON)`,
];

/** What was called `building_` in format 1 is called `loading_` now. */
const RENAMED = [
  'version',
  'table',
  'base',
  'identity',
  'layout',
  'total_segments',
  'started_at',
  'last_commit_at',
  'row_count',
  'commit_count',
  'schema_version',
];

/** From format 1, which knew only versions that are loaded aside, and no streams. The new columns come last, as above. */
const FROM_FORMAT_1 = [
  ...RENAMED.map((name) => `ALTER TABLE main._tributary_tables RENAME building_${name} TO loading_${name}`),
  ...[
    'loading_placement VARCHAR',
    'stream_arn VARCHAR',
    'stream_lane_count BIGINT',
    'stream_gap_count BIGINT',
    'stream_gap_end TIMESTAMPTZ',
    'last_resync_at TIMESTAMPTZ',
  ].map((column) => `ALTER TABLE main._tributary_tables ADD COLUMN ${column}`),
  ...[
    'sequence BIGINT',
    'verified_through TIMESTAMPTZ',
    'parent VARCHAR',
    'lane BIGINT',
    'first_listed_at TIMESTAMPTZ',
  ].map((column) => `ALTER TABLE main._tributary_state ADD COLUMN ${column}`),
  GAPS_TABLE,
  `UPDATE main._tributary_tables SET loading_placement = 'aside' WHERE loading_version IS NOT NULL`,
  `UPDATE main._tributary_meta SET format_version = ${FORMAT_VERSION}`,
];

const metaSchema = z.tuple([z.object({ format_version: z.number() })]);

/** Creates them in one transaction. They have no keys: DuckDB's indexes refuse to delete and insert a key in one. */
export async function createStateTables(connection: DuckDBConnection): Promise<void> {
  await connection.run('BEGIN');
  for (const statement of STATE_TABLES) await connection.run(statement);
  await changeRows(connection, 'INSERT INTO main._tributary_meta VALUES ($1)', [FORMAT_VERSION]);
  await connection.run('COMMIT');
}

/** Brings the state tables of an older version of Tributary to the present format, in one transaction. */
export async function migrateStateTables(connection: DuckDBConnection): Promise<void> {
  await connection.run('BEGIN');
  for (const statement of FROM_FORMAT_1) await connection.run(statement);
  await connection.run('COMMIT');
}

/**
 * Whether this file was ever loaded (the DuckDB file of somebody else may be a destination too), and whether that was by a
 * version of Tributary that kept its state in an older format. Rejects with STATE_INVALID when it was a newer one.
 */
export async function stateOfFile(connection: DuckDBConnection, path: string): Promise<'none' | 'older' | 'present'> {
  let rows: readonly Row[];
  try {
    rows = await queryRows(connection, 'SELECT format_version FROM main._tributary_meta');
  } catch (error) {
    // Asking the catalog takes ten times as long, and each operation begins with this.
    if (/Table with name _tributary_meta does not exist/.test(messageOf(error))) return 'none';
    throw error;
  }
  const version = parseStored(metaSchema, rows, '_tributary_meta')[0].format_version;
  if (version <= FORMAT_VERSION) return version < FORMAT_VERSION ? 'older' : 'present';
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
