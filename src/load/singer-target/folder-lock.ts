import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { TributaryError } from '../../platform/errors.ts';
import { identityOf, type ProcessIdentity, standingOf } from '../../platform/process-identity.ts';
import { createWhole, listFolder, readIfPresent, writeWhole } from '../durable-file.ts';
import { storedIdentity } from './stored-identity.ts';

/*
 * One process at a time loads a target. Who, the lock file with the highest number says: `lock-<n>.json`. Taking the lock
 * is creating the next one, and of all who try one succeeds; the highest number never falls, so that nobody can take a
 * lock back that another has given up or lost since.
 */

const lockFile = z.object({
  holder: storedIdentity,
  /** Whether the holder has given it back. */
  isFree: z.boolean(),
});
type LockFile = z.infer<typeof lockFile>;

/** Paths of locks that name this process as their holder, because it could not write that it gives them back. */
const notGivenBack = new Set<string>();

/** Takes the lock of a folder that exists; resolves to what gives it back. Rejects with DESTINATION_LOCKED. */
export async function takeFolderLock(folder: string): Promise<() => Promise<void>> {
  const holder = await identityOf(process.pid);
  if (holder === null) throw new TributaryError('BUG', 'This process is not among those of the machine');
  for (;;) {
    const before = await highest(folder);
    if (before !== null && !notGivenBack.has(before.path)) await requireFree(before);
    const number = (before?.number ?? 0) + 1;
    const path = lockPath(folder, number);
    // The folder may be another one than that of the path before.
    notGivenBack.delete(path);
    if (!(await createWhole(path, lockText({ holder, isFree: false })))) continue;
    const now = await highest(folder);
    if (now?.number !== number) {
      // Others have come and gone since the folder was listed.
      await rm(path, { force: true });
      continue;
    }
    for (const lower of (await numbersIn(folder)).filter((other) => other < number)) {
      await rm(lockPath(folder, lower), { force: true });
    }
    return async () => {
      try {
        await writeWhole(path, [lockText({ holder, isFree: true })]);
      } catch (error) {
        notGivenBack.add(path);
        throw error;
      }
    };
  }
}

/** The process that holds the lock of a folder now; null when none does. */
export async function lockHolder(folder: string): Promise<ProcessIdentity | null> {
  const lock = await highest(folder);
  return lock === null || lock.isFree || (await standingOf(lock.holder)) === 'gone' ? null : lock.holder;
}

interface FoundLock extends LockFile {
  readonly number: number;
  readonly path: string;
}

async function highest(folder: string): Promise<FoundLock | null> {
  for (;;) {
    const number = (await numbersIn(folder)).at(-1);
    if (number === undefined) return null;
    const path = lockPath(folder, number);
    const text = await readIfPresent(path);
    if (text !== null) return { ...parseLock(text, path), number, path };
  }
}

async function requireFree({ holder, isFree, path }: FoundLock): Promise<void> {
  if (isFree) return;
  const { pid, host } = holder;
  const standing = await standingOf(holder);
  if (standing === 'gone') return;
  const isHere = standing === 'alive';
  const where = isHere ? `process ${pid}` : `process ${pid} on ${host}, which cannot be looked up from here`;
  throw new TributaryError('DESTINATION_LOCKED', `The Singer target is loaded by ${where}`, {
    hint: isHere
      ? `Wait until process ${pid} has ended, or stop it.`
      : `When you are sure that no Tributary on ${host} loads it any more, remove ${path}.`,
    context: { pid, host, path },
  });
}

async function numbersIn(folder: string): Promise<readonly number[]> {
  const names = await listFolder(folder);
  return names
    .flatMap((name) => /^lock-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function lockPath(folder: string, number: number): string {
  return join(folder, `lock-${number}.json`);
}

function lockText(lock: LockFile): string {
  return `${JSON.stringify(lock)}\n`;
}

function parseLock(text: string, path: string): LockFile {
  try {
    return lockFile.parse(JSON.parse(text));
  } catch (error) {
    throw new TributaryError('STATE_INVALID', `${path} is not a lock that this version can read`, {
      hint: `When no Tributary loads the target, remove ${path}.`,
      cause: error,
      context: { path },
    });
  }
}
