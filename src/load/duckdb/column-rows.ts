import { BIGINT, type DuckDBConnection, VARCHAR } from '@duckdb/node-api';
import { z } from 'zod';
import type { StoredSchema } from '../../model/stored-schema.ts';
import type { LoadTarget } from '../destination.ts';
import { storedEvidence, storedJson } from '../stored-state.ts';
import { appendRows } from './append-rows.ts';
import { queryRows } from './sql.ts';
import { parseStored } from './state-tables.ts';

/* The rows of `_tributary_columns`: the stored schema of each version of a table that exists. */

interface VersionOfTable extends LoadTarget {
  readonly version: number;
}

export async function readSchemaRows(
  connection: DuckDBConnection,
  { source, table, version }: VersionOfTable,
  schemaVersion: number,
): Promise<StoredSchema> {
  const rows = await queryRows(
    connection,
    // As hex: the driver drops a U+FEFF at the beginning of a text, which makes another attribute of it.
    `SELECT hex(attribute) AS attribute, column_name, evidence FROM main._tributary_columns
     WHERE source = $1 AND table_name = $2 AND version = $3 ORDER BY ordinal`,
    [source, table, version],
  );
  const columns = parseStored(columnRows, rows, '_tributary_columns');
  return {
    schemaVersion,
    columns: columns.map(({ attribute, column_name, evidence }) => ({ attribute, columnName: column_name, evidence })),
  };
}

/** Replaces the schema of one version. */
export async function replaceSchemaRows(
  connection: DuckDBConnection,
  target: VersionOfTable,
  schema: StoredSchema,
): Promise<void> {
  const { source, table, version } = target;
  await connection.run('DELETE FROM main._tributary_columns WHERE source = $1 AND table_name = $2 AND version = $3', [
    source,
    table,
    version,
  ]);
  await appendRows(
    connection,
    { schema: 'main', table: '_tributary_columns' },
    [VARCHAR, VARCHAR, BIGINT, BIGINT, VARCHAR, VARCHAR, VARCHAR],
    schema.columns.map(({ attribute, columnName, evidence }, ordinal) => [
      source,
      table,
      BigInt(version),
      BigInt(ordinal),
      attribute,
      columnName,
      JSON.stringify(evidence),
    ]),
  );
}

/** Drops the schemas of all versions of the table but one. */
export async function keepSchemaRows(
  connection: DuckDBConnection,
  { source, table, version }: VersionOfTable,
): Promise<void> {
  await connection.run('DELETE FROM main._tributary_columns WHERE source = $1 AND table_name = $2 AND version <> $3', [
    source,
    table,
    version,
  ]);
}

const columnRows = z.array(
  z.object({
    attribute: z.hex().transform((text) => Buffer.from(text, 'hex').toString('utf8')),
    column_name: z.string().nullable(),
    evidence: storedJson(storedEvidence),
  }),
);
