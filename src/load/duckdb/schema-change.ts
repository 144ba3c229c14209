import type { DuckDBConnection } from '@duckdb/node-api';
import { type ColumnPlan, type ColumnType, sameType } from '../../model/column-plan.ts';
import { CHANGE_COLUMNS, METADATA_COLUMNS } from '../../model/metadata-columns.ts';
import { columnTypeOfSql, quoteName, quoteTable, sqlType, type TableName } from './sql.ts';
import { castExpression } from './widening.ts';

/** A column as the table has it. */
export interface TableColumn {
  readonly name: string;
  readonly sqlType: string;
  /** Null for metadata columns. */
  readonly type: ColumnType | null;
}

const METADATA_SQL_TYPES = { timestamp: 'TIMESTAMPTZ', bigint: 'BIGINT', json: 'JSON', text: 'VARCHAR' } as const;
const METADATA_NAMES = new Set<string>([...METADATA_COLUMNS, ...CHANGE_COLUMNS].map(({ name }) => name));

/** Creates the table of a version: the columns of the plan, then the metadata, and that of deletes if it follows a stream. */
export async function createTable(
  connection: DuckDBConnection,
  name: TableName,
  { plan, followsStream }: { readonly plan: ColumnPlan; readonly followsStream: boolean },
): Promise<void> {
  const metadata = followsStream ? [...METADATA_COLUMNS, ...CHANGE_COLUMNS] : METADATA_COLUMNS;
  const columns = [
    ...plan.columns.map((column) => `${quoteName(column.name)} ${sqlType(column.type)}`),
    ...metadata.map((column) => `${quoteName(column.name)} ${METADATA_SQL_TYPES[column.type]}`),
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
    return {
      name: column,
      sqlType: sqlTypeText,
      type: METADATA_NAMES.has(column) ? null : columnTypeOfSql(sqlTypeText),
    };
  });
}

/** How a table comes to have every column of a plan in the type of the plan, all values exact. */
export interface Widening {
  /** Every column that is there. */
  readonly kept: readonly KeptColumn[];
  readonly added: ColumnPlan['columns'];
  /**
   * Whether a conversion calls functions: then the rows go into another table, because the log of DuckDB cannot replay
   * such an ALTER (transaction.ts).
   */
  readonly needsRewrite: boolean;
}

interface KeptColumn {
  readonly name: string;
  readonly sqlType: string;
  /** Null when the column stays as it is. */
  readonly cast: ReturnType<typeof castExpression> | null;
}

/** Null when the table is as the plan wants it. */
export function planWidening(present: readonly TableColumn[], plan: ColumnPlan): Widening | null {
  const planned = new Map(plan.columns.map((column) => [column.name.toLowerCase(), column.type]));
  const kept = present.map((column) => keptColumn(column, planned.get(column.name.toLowerCase())));
  const presentNames = new Set(present.map((column) => column.name.toLowerCase()));
  const added = plan.columns.filter((column) => !presentNames.has(column.name.toLowerCase()));
  if (added.length === 0 && kept.every(({ cast }) => cast === null)) return null;
  return { kept, added, needsRewrite: kept.some(({ cast }) => cast?.replayable === false) };
}

/** Alters the table in its place; for a widening that needs no rewrite. */
export async function alterTable(
  connection: DuckDBConnection,
  name: TableName,
  { kept, added }: Widening,
): Promise<void> {
  const table = quoteTable(name);
  for (const { name: column, sqlType: type, cast } of kept) {
    if (cast !== null)
      await connection.run(`ALTER TABLE ${table} ALTER ${quoteName(column)} TYPE ${type} USING ${cast.sql}`);
  }
  for (const { name: column, type } of added) {
    await connection.run(`ALTER TABLE ${table} ADD COLUMN ${quoteName(column)} ${sqlType(type)}`);
  }
}

/** Creates the table `target` with the columns of the plan in their order, and all rows of the other in them. */
export async function copyWidened(
  connection: DuckDBConnection,
  name: TableName,
  { target, plan, widening }: { readonly target: TableName; readonly plan: ColumnPlan; readonly widening: Widening },
): Promise<void> {
  const { kept } = widening;
  const followsStream = kept.some(({ name: column }) => column === CHANGE_COLUMNS[0].name);
  await createTable(connection, target, { plan, followsStream });
  const targets = kept.map((column) => quoteName(column.name)).join(', ');
  const values = kept.map((column) => column.cast?.sql ?? quoteName(column.name)).join(', ');
  await connection.run(`INSERT INTO ${quoteTable(target)} (${targets}) SELECT ${values} FROM ${quoteTable(name)}`);
}

function keptColumn({ name, sqlType: present, type }: TableColumn, to: ColumnType | undefined): KeptColumn {
  if (type === null || to === undefined || sameType(type, to)) return { name, sqlType: present, cast: null };
  return { name, sqlType: sqlType(to), cast: castExpression(quoteName(name), type, to) };
}
