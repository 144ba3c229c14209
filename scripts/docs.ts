/**
 * Writes the generated reference: docs/reference/{config,cli,errors}.md and schema/tributary.schema.json. With --check it
 * writes nothing and fails where a file differs from what it would write.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cliReference } from './docs/cli-reference.ts';
import { configReference } from './docs/config-reference.ts';
import { editorSchema } from './docs/editor-schema.ts';
import { errorReference } from './docs/error-reference.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

const FILES: readonly (readonly [path: string, text: string])[] = [
  ['docs/reference/config.md', configReference()],
  ['docs/reference/cli.md', await cliReference()],
  ['docs/reference/errors.md', errorReference()],
  ['schema/tributary.schema.json', editorSchema()],
];

if (process.argv.includes('--check')) await check();
else await write();

async function check(): Promise<void> {
  const stale: string[] = [];
  for (const [path, text] of FILES) if ((await present(path)) !== text) stale.push(path);
  if (stale.length === 0) return;
  console.error(`These generated files are not up to date: ${stale.join(', ')}`);
  console.error('Run `npm run docs` and commit the result.');
  process.exitCode = 1;
}

async function write(): Promise<void> {
  for (const [path, text] of FILES) {
    if ((await present(path)) === text) continue;
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), text);
    console.log(`wrote ${path}`);
  }
}

/** Null when there is no such file. */
async function present(path: string): Promise<string | null> {
  try {
    return await readFile(join(ROOT, path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
