import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadTarget } from '../../src/load/destination.ts';

/** The live lines of a table in a folder of JSON Lines: a reader of the log that shares no code with the destination. Null
 * before the first swap. */
export async function liveLines(path: string, { source, table }: LoadTarget): Promise<readonly string[] | null> {
  for (const schema of await readdir(path)) {
    // What is no table's: the records of runs.
    if (schema.startsWith('.')) continue;
    for (const name of await readdir(join(path, schema))) {
      const folder = join(path, schema, name);
      const names = (await readdir(join(folder, '_log'))).filter((entry) => /^\d+\.json$/.test(entry)).sort();
      const entries = await Promise.all(names.map((entry) => readFile(join(folder, '_log', entry), 'utf8')));
      const states = entries.map((text) => JSON.parse(text)).filter((entry) => 'ledger' in entry);
      const { ledger } = states.at(-1) ?? {};
      if (ledger?.source !== source || ledger.table !== table) continue;
      if (ledger.live === null) return null;
      const files: readonly { readonly file: string }[] = ledger.live.parts;
      const texts = await Promise.all(files.map(({ file }) => readFile(join(folder, file), 'utf8')));
      return texts.flatMap((text) => text.split('\n').slice(0, -1));
    }
  }
  return null;
}
