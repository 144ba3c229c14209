import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { type ColumnPlan, type ColumnType, sameType } from '../../model/column-plan.ts';
import { METADATA_COLUMNS } from '../../model/metadata-columns.ts';
import { columnTypeOfSql, queryRows, quoteName, quoteTable, sqlType, type TableName } from './sql.ts';
import { parseStored } from './state-tables.ts';
import { castExpression } from './widening.ts';

/** A column as the table has it. */
export interface TableColumn {
  readonly name: string;
  readonly sqlType: string;
  /** Null for metadata columns. */
  readonly type: ColumnType | null;
}

const METADATA_SQL_TYPES = { timestamp: 'TIMESTAMPTZ', bigint: 'BIGINT', json: 'JSON' } as const;

export async function createTable(connection: DuckDBConnection, name: TableName, plan: ColumnPlan): Promise<void> {
  await createTableOf(connection, name, [
    ...plan.columns.map((column) => ({ name: column.name, sqlType: sqlType(column.type) })),
    ...METADATA_COLUMNS.map((column) => ({ name: column.name, sqlType: METADATA_SQL_TYPES[column.type] })),
  ]);
}

/** The columns of the table in the order in which rows are appended; empty when there is no such table. */
export async function readTableColumns(
  connection: DuckDBConnection,
  { schema, table }: TableName,
): Promise<readonly TableColumn[]> {
  const rows = await queryRows(
    connection,
    `SELECT column_name, data_type FROM duckdb_columns()
     WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2 ORDER BY column_index`,
    [schema, table],
  );
  return parseStored(columnRows, rows, table).map(({ column_name: name, data_type }) => ({
    name,
    sqlType: data_type,
    type: METADATA_COLUMNS.some((column) => column.name === name) ? null : columnTypeOfSql(data_type),
  }));
}

/**
 * Gives the table every column of the plan in the type of the plan, all values exact. Where a conversion calls functions,
 * the rows are rewritten into the table `spare`, because the log of DuckDB cannot replay such an ALTER (transaction.ts).
 * Returns the name that the table has then.
 */
export async function widenTable(
  connection: DuckDBConnection,
  name: TableName,
  { plan, spare }: { readonly plan: ColumnPlan; readonly spare: TableName },
): Promise<TableName> {
  const present = await readTableColumns(connection, name);
  const planned = new Map(plan.columns.map((column) => [column.name.toLowerCase(), column.type]));
  const kept = present.map((column) => keptColumn(column, planned.get(column.name.toLowerCase())));
  const presentNames = new Set(present.map((column) => column.name.toLowerCase()));
  const added = plan.columns
    .filter((column) => !presentNames.has(column.name.toLowerCase()))
    .map((column) => ({ name: column.name, sqlType: sqlType(column.type) }));

  if (kept.some(({ cast }) => cast?.replayable === false)) {
    await createTableOf(connection, spare, [...kept, ...added]);
    const targets = kept.map((column) => quoteName(column.name)).join(', ');
    const values = kept.map((column) => column.cast?.sql ?? quoteName(column.name)).join(', ');
    await connection.run(`INSERT INTO ${quoteTable(spare)} (${targets}) SELECT ${values} FROM ${quoteTable(name)}`);
    await connection.run(`DROP TABLE ${quoteTable(name)}`);
    return spare;
  }
  const table = quoteTable(name);
  for (const { name: column, sqlType: type, cast } of kept) {
    if (cast) await connection.run(`ALTER TABLE ${table} ALTER ${quoteName(column)} TYPE ${type} USING ${cast.sql}`);
  }
  for (const { name: column, sqlType: type } of added) {
    await connection.run(`ALTER TABLE ${table} ADD COLUMN ${quoteName(column)} ${type}`);
  }
  return name;
}

interface KeptColumn {
  readonly name: string;
  readonly sqlType: string;
  /** Null when the column stays as it is. */
  readonly cast: ReturnType<typeof castExpression> | null;
}

function keptColumn({ name, sqlType: present, type }: TableColumn, to: ColumnType | undefined): KeptColumn {
  if (type === null || to === undefined || sameType(type, to)) return { name, sqlType: present, cast: null };
  return { name, sqlType: sqlType(to), cast: castExpression(quoteName(name), type, to) };
}

async function createTableOf(
  connection: DuckDBConnection,
  name: TableName,
  columns: readonly { readonly name: string; readonly sqlType: string }[],
): Promise<void> {
  const definitions = columns.map((column) => `${quoteName(column.name)} ${column.sqlType}`);
  await connection.run(`CREATE TABLE ${quoteTable(name)} (${definitions.join(', ')})`);
}

const columnRows = z.array(z.object({ column_name: z.string(), data_type: z.string() }));
