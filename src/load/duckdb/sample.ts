import type { DuckDBConnection } from '@duckdb/node-api';
import type { LoadTarget } from '../destination.ts';
import { readTableColumns, type TableColumn } from './schema-change.ts';
import { queryRows, quoteName, quoteTable } from './sql.ts';
import { liveTableName, readStoredTable } from './table-rows.ts';
import { withLeadingZero } from './widening.ts';

/** A few rows of the live version, each as one JSON object in the order of the columns; none before the first version. */
export async function sampleRows(
  connection: DuckDBConnection,
  target: LoadTarget,
  count: number,
): Promise<readonly string[]> {
  const stored = await readStoredTable(connection, target);
  if (stored === null || stored.liveVersion === 0) return [];
  const name = liveTableName(stored);
  const columns = await readTableColumns(connection, name);
  const values = columns.map((column, index) => `${textExpression(column)} AS c${index}`);
  const rows = await queryRows(connection, `SELECT ${values.join(', ')} FROM ${quoteTable(name)} LIMIT $1`, [count]);
  return rows.map((row) => {
    const members = columns.map((column, index) => {
      const text = row[`c${index}`];
      return `${JSON.stringify(column.name)}:${text === null || text === undefined ? 'null' : jsonText(column, String(text))}`;
    });
    return `{${members.join(',')}}`;
  });
}

/** Text that keeps every digit and byte of the column. */
function textExpression({ name, type }: TableColumn): string {
  const column = quoteName(name);
  if (type?.kind === 'binary') return `to_base64(${column})`;
  return type?.kind === 'decimal' ? withLeadingZero(`${column}::VARCHAR`) : `${column}::VARCHAR`;
}

/** Types whose text is JSON already. */
const JSON_TYPES = /^(BOOLEAN|BIGINT|DECIMAL.*|DOUBLE|JSON)$/;

function jsonText({ sqlType }: TableColumn, text: string): string {
  return JSON_TYPES.test(sqlType) ? text : JSON.stringify(text);
}
