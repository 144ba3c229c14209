import { DuckDBInstance } from '@duckdb/node-api';
import type { ColumnType } from '../../src/model/column-plan.ts';
import type { FoundColumn, FoundRow } from './exact.ts';

/** Runs queries on a file with a connection of its own, which it closes. */
async function withFile<T>(path: string, read: (query: Query) => Promise<T>): Promise<T> {
  // Not read-only: after a kill there is a write-ahead log to be replayed.
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    return await read(async (sql) => (await connection.runAndReadAll(sql)).getRowsJson());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

type Query = (sql: string) => Promise<readonly (readonly unknown[])[]>;

/** The bookmarks in the file; none where nothing was loaded yet. */
export async function readDuckDbState(
  path: string,
): Promise<readonly { readonly unit: string; readonly position: string }[]> {
  return await withFile(path, async (query) => {
    const tables = await query("SELECT 1 FROM duckdb_tables() WHERE table_name = '_tributary_state'");
    if (tables.length === 0) return [];
    const units = await query('SELECT unit, position FROM _tributary_state');
    return units.map(([unit, position]) => ({ unit: String(unit), position: String(position) }));
  });
}

export interface FoundTable {
  readonly columns: readonly FoundColumn[];
  /** Those that are not marked as deleted. */
  readonly rows: readonly FoundRow[];
  /** Distinct `_sdc_table_version`s: more than one means that a reader saw two versions at once. */
  readonly versions: readonly string[];
}

/** A table that may follow a stream. */
export interface FoundFollowedTable extends FoundTable {
  /** Those that are marked as deleted. `_sdc_deleted_by` is a cell of each. */
  readonly deletedRows: readonly FoundRow[];
}

/** Reads a loaded table with its own connection: types from DuckDB's catalog, the attribute of a column from `_tributary_columns`. */
export async function readDuckDbTable(
  path: string,
  table: { readonly source: string; readonly name: string; readonly schema: string; readonly table: string },
): Promise<FoundFollowedTable> {
  return await withFile(path, async (query) => {
    const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
    const name = (value: string): string => `"${value.replaceAll('"', '""')}"`;
    const attributes = new Map(
      (
        await query(
          `SELECT column_name, hex(attribute) FROM _tributary_columns WHERE source = ${text(table.source)} AND table_name = ${text(table.name)} AND column_name IS NOT NULL`,
        )
      ).map(([column, attribute]) => [String(column), textOfHex(String(attribute))]),
    );
    const described = await query(
      `SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ${text(table.schema)} AND table_name = ${text(table.table)} ORDER BY column_index`,
    );
    const columns = described.flatMap(([column, type]): FoundColumn[] => {
      const attribute = attributes.get(String(column));
      return attribute === undefined ? [] : [{ column: String(column), attribute, type: columnType(String(type)) }];
    });
    const from = `${name(table.schema)}.${name(table.table)}`;
    const cells = columns.map(({ column, type }) =>
      type.kind === 'binary' ? `to_base64(${name(column)})` : `hex(CAST(${name(column)} AS VARCHAR))`,
    );
    const rowsWhere = async (names: readonly string[], condition: string): Promise<readonly FoundRow[]> => {
      const found = await query(
        `SELECT ${[...cells, ...names.slice(cells.length)].join(', ')} FROM ${from} WHERE ${condition}`,
      );
      return found.map((values) =>
        Object.fromEntries(
          names.map((column, at) => {
            const value = values[at] === null ? null : String(values[at]);
            const isHex = columns[at] !== undefined && columns[at].type.kind !== 'binary';
            return [column, value === null || !isHex ? value : textOfHex(value)];
          }),
        ),
      );
    };
    const names = columns.map(({ column }) => column);
    const follows = described.some(([column]) => column === '_sdc_deleted_at');
    const rows = await rowsWhere(names, follows ? '_sdc_deleted_at IS NULL' : 'true');
    const deletedRows = follows ? await rowsWhere([...names, '_sdc_deleted_by'], '_sdc_deleted_at IS NOT NULL') : [];
    const versions = await query(`SELECT DISTINCT CAST(_sdc_table_version AS VARCHAR) FROM ${from}`);
    return { columns, rows, deletedRows, versions: versions.map(([version]) => String(version)) };
  });
}

/** The driver drops a U+FEFF at the beginning of a text. */
function textOfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8');
}

function columnType(type: string): ColumnType {
  const scale = /^DECIMAL\(38,(\d+)\)$/.exec(type)?.[1];
  if (scale !== undefined) return { kind: 'decimal', scale: Number(scale) };
  const kinds: Readonly<Record<string, ColumnType>> = {
    BOOLEAN: { kind: 'boolean' },
    BIGINT: { kind: 'bigint' },
    DOUBLE: { kind: 'double' },
    VARCHAR: { kind: 'text' },
    JSON: { kind: 'json' },
    BLOB: { kind: 'binary' },
  };
  const kind = kinds[type];
  if (kind === undefined) throw new Error(`Unknown column type ${type}`);
  return kind;
}
