import { join } from 'node:path';
import { readIfPresent, writeWhole } from '../durable-file.ts';
import type { FilesLedger } from './table-log.ts';

/**
 * For people and programs that do not read the log: `live.json` names the files of the live version, `view.sql` makes a
 * DuckDB view of them with one JSON document a row. Both are written after the swap and brought up to date before
 * the next version, so for a moment they may name the version before, whose files stay for an hour.
 */
export async function writeLiveList(folder: string, { live, ...names }: FilesLedger): Promise<void> {
  if (live === null) return;
  const { version, rowCount, sinceMs, parts, schema } = live;
  const list = {
    version,
    since: new Date(sinceMs).toISOString(),
    rows: rowCount,
    files: parts.map(({ file }) => file),
    attributes: schema.columns.map(({ attribute }) => attribute),
  };
  const path = join(folder, 'live.json');
  const text = `${JSON.stringify(list, null, 2)}\n`;
  if ((await readIfPresent(path)) === text) return;
  const files = parts.map(({ file }) => join(folder, file));
  await writeWhole(join(folder, 'view.sql'), [viewSql(names, files)]);
  // Last, because its text says whether both are up to date.
  await writeWhole(path, [text]);
}

function viewSql(
  { destinationSchema, destinationTable }: Pick<FilesLedger, 'destinationSchema' | 'destinationTable'>,
  files: readonly string[],
): string {
  const [schema, view] = [destinationSchema, destinationTable].map((name) => `"${name.replaceAll('"', '""')}"`);
  const list = files.map((file) => `  '${file.replaceAll("'", "''")}'`).join(',\n');
  // One document a row, because that is exact: DuckDB reads numbers of JSON as doubles wherever it takes them out.
  const rows =
    files.length === 0
      ? 'SELECT NULL::JSON AS item WHERE false'
      : `SELECT json AS item FROM read_ndjson_objects([\n${list}\n])`;
  return `CREATE SCHEMA IF NOT EXISTS ${schema};\nCREATE OR REPLACE VIEW ${schema}.${view} AS ${rows};\n`;
}
