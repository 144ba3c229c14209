import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { ColumnType } from '../../model/column-plan.ts';
import { TributaryError } from '../../platform/errors.ts';

/** The only place where a name becomes part of a statement. Values never do: they are bound or appended. */
export function quoteName(name: string): string {
  // A NUL ends the statement for DuckDB's parser, whatever follows.
  if (name.includes('\0')) throw new TributaryError('BUG', 'A name for SQL holds a NUL character');
  return `"${name.replaceAll('"', '""')}"`;
}

export interface TableName {
  /** The database of a temporary table; the file without it. */
  readonly database?: 'temp' | typeof DATABASE;
  readonly schema: string;
  readonly table: string;
}

/**
 * Name under which every file is attached. DuckDB would call it like the file, and `shop.orders` is ambiguous in
 * `shop.duckdb`. No schema can be called so: their names have no hyphen. Tables are named with it, because `temp`, `system`
 * and `memory` are databases, too.
 */
export const DATABASE = 'tributary-file';

export function quoteTable({ database = DATABASE, schema, table }: TableName): string {
  return [database, schema, table].map(quoteName).join('.');
}

/** A table of this connection only, in memory; it is gone with the connection. */
export function temporaryTable(table: string): TableName {
  return { database: 'temp', schema: 'main', table };
}

export function quoteSchema(schema: string): string {
  return `${quoteName(DATABASE)}.${quoteName(schema)}`;
}

/** A path in a statement: ATTACH takes no bound values. */
export function quotePath(path: string): string {
  if (path.includes('\0')) throw new TributaryError('BUG', 'A path for SQL holds a NUL character');
  return `'${path.replaceAll("'", "''")}'`;
}

export function sqlType(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'bigint':
      return 'BIGINT';
    case 'decimal':
      return `DECIMAL(38,${type.scale})`;
    case 'double':
      return 'DOUBLE';
    case 'text':
      return 'VARCHAR';
    case 'json':
      return 'JSON';
    case 'binary':
      return 'BLOB';
    case 'numeric':
      throw new TributaryError('BUG', 'DuckDB has no type that holds every number exactly');
  }
}

/** The column type that `sqlType` gives as `text`; null for a type that no attribute column has. */
export function columnTypeOfSql(text: string): ColumnType | null {
  const decimal = /^DECIMAL\(38,(\d+)\)$/.exec(text);
  return decimal ? { kind: 'decimal', scale: Number(decimal[1]) } : (TYPES_BY_SQL.get(text) ?? null);
}

const TYPES_BY_SQL = new Map(
  (['boolean', 'bigint', 'double', 'text', 'json', 'binary'] as const).map((kind) => [sqlType({ kind }), { kind }]),
);

export type Row = Readonly<Record<string, DuckDBValue>>;

/** Runs one statement and returns all of its rows. */
export async function queryRows(
  connection: DuckDBConnection,
  sql: string,
  values: DuckDBValue[] = [],
): Promise<readonly Row[]> {
  const reader = await connection.runAndReadAll(sql, values);
  return reader.getRowObjects();
}

/** Runs one statement and returns how many rows it changed. */
export async function changeRows(connection: DuckDBConnection, sql: string, values: DuckDBValue[]): Promise<number> {
  const result = await connection.run(sql, values);
  return result.rowsChanged;
}
