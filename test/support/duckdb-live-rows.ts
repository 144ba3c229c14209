import { existsSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import type { LoadTarget } from '../../src/load/destination.ts';
import type { LiveRow } from './live-rows.ts';

/** The live rows of a table in a DuckDB file, read with a connection and SQL of its own; null where there is no table. */
export async function readLiveRows(path: string, { source, table }: LoadTarget): Promise<readonly LiveRow[] | null> {
  if (!existsSync(path)) return null;
  return withDuckDb(path, async (query) => {
    const [name] = await query(
      `SELECT destination_schema, destination_table FROM duckdb_tables() JOIN _tributary_tables
       ON schema_name = destination_schema AND duckdb_tables.table_name = destination_table
       WHERE source = $1 AND _tributary_tables.table_name = $2`,
      [source, table],
    );
    if (name === undefined) return null;
    const from = name.map((part) => `"${String(part).replaceAll('"', '""')}"`).join('.');
    const columns = await query(`DESCRIBE ${from}`);
    const cells = columns.map(([column, type]) => {
      const quoted = `"${String(column).replaceAll('"', '""')}"`;
      if (type === 'BLOB') return `to_base64(${quoted})`;
      return type === 'TIMESTAMP WITH TIME ZONE' ? `epoch_ms(${quoted})::VARCHAR` : `${quoted}::VARCHAR`;
    });
    const rows = await query(`SELECT ${cells.join(', ')} FROM ${from}`);
    return rows.map((values) => {
      const found = new Map(columns.map(([column], at) => [String(column), textOf(values[at])]));
      return {
        cells: found,
        extractedAtMs: Number(found.get('_sdc_extracted_at')),
        receivedAtMs: Number(found.get('_sdc_received_at')),
        batchedAtMs: Number(found.get('_sdc_batched_at')),
        sequence: BigInt(found.get('_sdc_sequence') ?? -1),
        tableVersion: Number(found.get('_sdc_table_version')),
        deletedAtMs: found.get('_sdc_deleted_at') == null ? null : Number(found.get('_sdc_deleted_at')),
        deletedBy: found.get('_sdc_deleted_by') ?? null,
      };
    });
  });
}

type Query = (sql: string, values?: string[]) => Promise<readonly (readonly unknown[])[]>;

/** Opens a DuckDB file read-only for a few queries. */
export async function withDuckDb<T>(path: string, use: (query: Query) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  try {
    return await use(async (sql, values) => (await connection.runAndReadAll(sql, values)).getRows());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
