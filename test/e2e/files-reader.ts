import type { FoundTable } from '../support/duckdb-reader.ts';
import type { FoundRow } from '../support/exact.ts';
import { canonicalJson, parseExactJson } from '../support/exact-json.ts';
import { liveLines } from '../support/live-lines.ts';

/** What readers of a folder of JSON Lines find of a table; every member is taken as the JSON that it is. Null: nothing yet. */
export async function readFilesTable(
  path: string,
  target: { readonly source: string; readonly table: string },
): Promise<FoundTable | null> {
  const lines = await liveLines(path, target);
  if (lines === null) return null;
  const versions = new Set<string>();
  const attributes = new Set<string>();
  const parsed = lines.map((line) => {
    const json = parseExactJson(line);
    if (json.kind !== 'object') throw new Error('A line is not an object');
    const cells = new Map<string, string | null>();
    for (const [name, value] of json.members) {
      const text = canonicalJson(value);
      if (name === '_sdc_table_version') versions.add(text);
      if (name.startsWith('_sdc_')) continue;
      // Attributes that are called like a member of ours have `attr` before their name.
      const attribute = name.replace(/^attr((?:attr)*_sdc_)/, '$1');
      attributes.add(attribute);
      cells.set(attribute, text === 'null' ? null : text);
    }
    return cells;
  });
  const columns = [...attributes].map(
    (attribute) => ({ column: attribute, attribute, type: { kind: 'json' } }) as const,
  );
  // Every row has every column, as in a table: no name falls through to what objects inherit.
  const rows = parsed.map(
    (cells): FoundRow => Object.fromEntries(columns.map(({ column }) => [column, cells.get(column) ?? null])),
  );
  return { columns, rows, versions: [...versions] };
}
