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
  const rows = lines.map((line): FoundRow => {
    const json = parseExactJson(line);
    if (json.kind !== 'object') throw new Error('A line is not an object');
    const cells = json.members.map(([name, value]): readonly [string, string | null] => {
      const text = canonicalJson(value);
      if (name === '_sdc_table_version') versions.add(text);
      if (!name.startsWith('_sdc_')) attributes.add(name);
      return [name, text === 'null' ? null : text];
    });
    return Object.fromEntries(cells);
  });
  const columns = [...attributes].map((attribute) => ({
    column: attribute,
    attribute,
    type: { kind: 'json' } as const,
  }));
  return { columns, rows, versions: [...versions] };
}
