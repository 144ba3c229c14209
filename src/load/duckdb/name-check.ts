import type { DuckDBConnection } from '@duckdb/node-api';
import { TributaryError } from '../../platform/errors.ts';
import { REJECTED_TABLE } from './rejected-rows.ts';
import { queryRows } from './sql.ts';
import { RESERVED_PREFIX } from './state-tables.ts';
import { readStoredTables, type StoredTable } from './table-rows.ts';

/**
 * Rejects with DESTINATION_NAME_TAKEN when something has the name of the destination table that this table of the source
 * did not put there. Names are compared as DuckDB does, without regard to case.
 */
export async function requireFreeName(connection: DuckDBConnection, stored: StoredTable): Promise<void> {
  const { destinationSchema: schema, destinationTable: table } = stored;
  const owner = (await readStoredTables(connection, null)).find(
    (other) =>
      sameName(other.destinationSchema, schema) &&
      sameName(other.destinationTable, table) &&
      (other.source !== stored.source || other.table !== stored.table),
  );
  if (owner) throw taken(stored, `it belongs to ${owner.source}.${owner.table}`);
  const lower = table.toLowerCase();
  if (lower === REJECTED_TABLE || lower.startsWith(RESERVED_PREFIX)) throw taken(stored, 'Tributary keeps that name');
  const relations = await queryRows(
    connection,
    `SELECT 1 FROM duckdb_tables() WHERE ${HAS_NAME} UNION ALL SELECT 1 FROM duckdb_views() WHERE ${HAS_NAME.replace('table_name', 'view_name')}`,
    [schema, table],
  );
  if (relations.length === 0) return;
  // Every table that Tributary has loaded has this column: the live version may have been replaced by somebody.
  const ours = await queryRows(
    connection,
    `SELECT 1 FROM duckdb_columns() WHERE ${HAS_NAME} AND column_name = '_sdc_table_version'`,
    [schema, table],
  );
  if (stored.liveVersion === 0 || ours.length === 0) throw taken(stored, 'Tributary did not create it');
}

const HAS_NAME =
  'database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)';

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function taken({ source, table, destinationSchema, destinationTable }: StoredTable, why: string): TributaryError {
  return new TributaryError(
    'DESTINATION_NAME_TAKEN',
    `${source}.${table} cannot be loaded as ${destinationSchema}.${destinationTable}: the name is in use, ${why}`,
    { context: { source, table, destinationSchema, destinationTable } },
  );
}
