import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listFolder, modifiedAtMs, UNFINISHED } from '../durable-file.ts';
import { versionFolder } from './data-files.ts';
import { entryPath, type LoggedTable, logFolderOf, sequencesIn, type TableLog } from './table-log.ts';

/** How long what the log no longer names stays: readers and processes that hold an older state may still use it. */
export const KEPT_MS = 3_600_000;

/**
 * Removes what nobody can need any more: versions that are neither live nor being built, data files that no entry names
 * and whose claim has lost all of its units, entries before the one that carries the whole state, and files that were
 * never finished. All of it only when it is older than an hour.
 */
export async function cleanUp(log: TableLog, table: LoggedTable, nowMs: number): Promise<void> {
  await removeVersions(log.folder, table, nowMs);
  await removeUnnamedFiles(log.folder, table, nowMs);
  await removeEntries(log.folder, table, nowMs);
}

async function removeVersions(folder: string, { ledger, retired }: LoggedTable, nowMs: number): Promise<void> {
  const retiredAtMs = new Map(retired.map((version) => [versionFolder(version), version.sinceMs]));
  const kept = [ledger.live, ledger.loading].flatMap((version) => (version === null ? [] : versionFolder(version)));
  for (const name of await listFolder(join(folder, 'data'))) {
    const data = join('data', name);
    if (kept.includes(data)) continue;
    // A folder that the log does not know was made by a process that had lost its units.
    const path = join(folder, data);
    if (isOld(retiredAtMs.get(data) ?? (await modifiedAtMs(path)), nowMs)) await rm(path, { recursive: true });
  }
}

async function removeUnnamedFiles(folder: string, { ledger, claims }: LoggedTable, nowMs: number): Promise<void> {
  const holders = new Set(claims.values());
  for (const kept of [ledger.live, ledger.loading]) {
    if (kept === null) continue;
    const named = new Set(kept.parts.map(({ file }) => file));
    for (const name of await listFolder(join(folder, versionFolder(kept)))) {
      const file = join(versionFolder(kept), name);
      if (named.has(file) || holders.has(claimOf(name))) continue;
      if (isOld(await modifiedAtMs(join(folder, file)), nowMs)) await rm(join(folder, file), { force: true });
    }
  }
}

async function removeEntries(folder: string, { baseSeq }: LoggedTable, nowMs: number): Promise<void> {
  const logFolder = logFolderOf(folder);
  const names = await listFolder(logFolder);
  const unfinished = names.filter((name) => name.endsWith(UNFINISHED)).map((name) => join(logFolder, name));
  const entries = sequencesIn(names).filter((seq) => seq < baseSeq && seq > 1);
  // In their order, see requireBase of the log. The first stays, so that nobody can begin the log a second time.
  for (const path of [...unfinished, ...entries.map((seq) => entryPath(logFolder, seq))]) {
    if (isOld(await modifiedAtMs(path), nowMs)) await rm(path, { force: true });
  }
}

/** File names begin with the claim, a UUID. */
function claimOf(name: string): string {
  return name.slice(0, 36);
}

function isOld(sinceMs: number | null, nowMs: number): boolean {
  return sinceMs !== null && nowMs - sinceMs > KEPT_MS;
}
