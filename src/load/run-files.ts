import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../model/run.ts';
import { TributaryError } from '../platform/errors.ts';
import { listFolder, makeFolder, readIfPresent, UNFINISHED, writeWhole } from './durable-file.ts';
import { runRecordSchema } from './stored-run-record.ts';

const KEPT_RUNS = 1_000;

/** One file a run, `<root>/<source>/<start>-<run>.json`, so that their order is the order of their names. */
export async function saveRunFile(root: string, run: RunRecord): Promise<void> {
  const folder = runFolder(root, run.source);
  await makeFolder(folder);
  await writeWhole(join(folder, `${String(run.startedAtMs).padStart(15, '0')}-${safeName(run.runId)}.json`), [
    JSON.stringify(run),
  ]);
  const tooMany = (await runNames(folder)).slice(KEPT_RUNS);
  for (const name of tooMany) await rm(join(folder, name), { force: true });
}

/** The latest first. Rejects with STATE_INVALID when a record cannot be read. */
export async function readRunFiles(root: string, source: string, limit: number): Promise<readonly RunRecord[]> {
  const folder = runFolder(root, source);
  const runs: RunRecord[] = [];
  for (const name of (await runNames(folder)).slice(0, limit)) {
    const path = join(folder, name);
    const text = await readIfPresent(path);
    if (text !== null) runs.push(parseRun(text, path));
  }
  return runs;
}

async function runNames(folder: string): Promise<readonly string[]> {
  const names = await listFolder(folder);
  return names
    .filter((name) => !name.endsWith(UNFINISHED))
    .sort()
    .reverse();
}

function parseRun(text: string, path: string): RunRecord {
  try {
    return runRecordSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new TributaryError('STATE_INVALID', `${path} is not a run record that this version can read`, {
      cause: error,
      context: { path },
    });
  }
}

function runFolder(root: string, source: string): string {
  return join(root, safeName(source));
}

/** A name that is no path: neither `/` nor `..` is left. */
export function safeName(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E');
}
