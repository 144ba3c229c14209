import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rowOfLine } from '../../../test/support/live-rows.ts';
import { systemClock } from '../../platform/clock.ts';
import { testDestination } from '../destination.testsuite.ts';
import type { LoadTarget } from '../destination.ts';
import { createFilesDestination } from './files.ts';

testDestination('JSON Lines files', async () => {
  const path = await mkdtemp(join(tmpdir(), 'tributary-files-'));
  return {
    connect: async () => createFilesDestination({ path }, { clock: systemClock }),
    readLive: async (target, columns) =>
      (await liveLines(path, target))?.map((line) => rowOfLine(line, columns)) ?? null,
    dispose: () => rm(path, { recursive: true }),
  };
});

/** What a reader of the log finds, which shares no code with the destination. */
async function liveLines(path: string, { source, table }: LoadTarget): Promise<readonly string[] | null> {
  for (const schema of await readdir(path)) {
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
