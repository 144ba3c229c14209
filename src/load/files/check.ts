import { randomUUID } from 'node:crypto';
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckStep } from '../../model/check-step.ts';
import { toTributaryError } from '../../platform/errors.ts';
import { createWhole, makeFolder } from '../durable-file.ts';
import { filesError } from '../file-errors.ts';

/** Whether files can be written, synced and linked in the folder. What it creates it removes. */
export async function* checkFolder(path: string, signal: AbortSignal): AsyncIterable<CheckStep> {
  signal.throwIfAborted();
  const name = `Write ${path}`;
  try {
    const isNew = await probe(path);
    const message = `The folder ${isNew ? 'will be created' : 'exists'}; files can be written and linked in it`;
    yield { name, status: 'succeeded', message, hint: null };
  } catch (error) {
    const { message, hint } = toTributaryError(filesError(error, path));
    yield { name, status: 'failed', message, hint };
  }
}

async function probe(path: string): Promise<boolean> {
  const made = await makeFolder(path);
  const file = join(path, `.tributary-check-${randomUUID()}`);
  try {
    // The same steps as a commit, so also what a file system without hard links cannot do.
    await createWhole(file, 'Left by a check that was interrupted; can be removed.\n');
  } finally {
    await rm(file, { force: true });
    for (const folder of [...made].reverse()) await rmdir(folder);
  }
  return made.length > 0;
}
