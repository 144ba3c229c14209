import type { DuckDBConnection } from '@duckdb/node-api';
import { type ColumnPlan, type ColumnType, sameType } from '../../model/column-plan.ts';
import { METADATA_COLUMNS } from '../../model/metadata-columns.ts';
import { columnTypeOfSql, quoteName, quoteTable, sqlType, type TableName } from './sql.ts';
import { castExpression } from './widening.ts';

/** A column as the table has it. */
export interface TableColumn {
  readonly name: string;
  readonly sqlType: string;
  /** Null for metadata columns. */
  readonly type: ColumnType | null;
}

const METADATA_SQL_TYPES = { timestamp: 'TIMESTAMPTZ', bigint: 'BIGINT', json: 'JSON' } as const;

/** Creates the table of a version: the columns of the plan, then the metadata. */
export async function createTable(connection: DuckDBConnection, name: TableName, plan: ColumnPlan): Promise<void> {
  const columns = [
    ...plan.columns.map((column) => `${quoteName(column.name)} ${sqlType(column.type)}`),
    ...METADATA_COLUMNS.map((column) => `${quoteName(column.name)} ${METADATA_SQL_TYPES[column.type]}`),
  ];
  await connection.run(`CREATE TABLE ${quoteTable(name)} (${columns.join(', ')})`);
}

/** The columns of the table in the order in which rows are appended. */
export async function readTableColumns(connection: DuckDBConnection, name: TableName): Promise<readonly TableColumn[]> {
  // The types of an empty result: asking the catalog takes twenty times as long.
  const result = await connection.run(`SELECT * FROM ${quoteTable(name)} LIMIT 0`);
  const types = result.columnTypes();
  return result.columnNames().map((column, index) => {
    const type = types[index];
    const sqlTypeText = type?.alias ?? String(type);
    const isMetadata = METADATA_COLUMNS.some((metadata) => metadata.name === column);
    return { name: column, sqlType: sqlTypeText, type: isMetadata ? null : columnTypeOfSql(sqlTypeText) };
  });
}

/**
 * Gives the table every column of the plan in the type of the plan, all values exact. Where a conversion calls functions,
 * the rows are rewritten into the table `spare`, because the log of DuckDB cannot replay such an ALTER (transaction.ts);
 * so is an empty table, which puts its columns in order for nothing. Returns the name that the table has then.
 */
export async function widenTable(
  connection: DuckDBConnection,
  name: TableName,
  { plan, spare, isEmpty }: { readonly plan: ColumnPlan; readonly spare: TableName; readonly isEmpty: boolean },
): Promise<TableName> {
  const present = await readTableColumns(connection, name);
  const planned = new Map(plan.columns.map((column) => [column.name.toLowerCase(), column.type]));
  const kept = present.map((column) => keptColumn(column, planned.get(column.name.toLowerCase())));
  const presentNames = new Set(present.map((column) => column.name.toLowerCase()));
  const added = plan.columns.filter((column) => !presentNames.has(column.name.toLowerCase()));
  const widened = kept.filter(({ cast }) => cast !== null);
  if (added.length === 0 && widened.length === 0) return name;

  if (isEmpty || widened.some(({ cast }) => cast?.replayable === false)) {
    await createTable(connection, spare, plan);
    const targets = kept.map((column) => quoteName(column.name)).join(', ');
    const values = kept.map((column) => column.cast?.sql ?? quoteName(column.name)).join(', ');
    await connection.run(`INSERT INTO ${quoteTable(spare)} (${targets}) SELECT ${values} FROM ${quoteTable(name)}`);
    await connection.run(`DROP TABLE ${quoteTable(name)}`);
    return spare;
  }
  const table = quoteTable(name);
  for (const { name: column, sqlType: type, cast } of widened) {
    await connection.run(`ALTER TABLE ${table} ALTER ${quoteName(column)} TYPE ${type} USING ${cast?.sql}`);
  }
  for (const { name: column, type } of added) {
    await connection.run(`ALTER TABLE ${table} ADD COLUMN ${quoteName(column)} ${sqlType(type)}`);
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
