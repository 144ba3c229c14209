import { randomUUID } from 'node:crypto';
import { link, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../platform/errors.ts';
import { syncToDisk } from '../sync-to-disk.ts';

/** File systems without hard links say one of these. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Puts a new database at `path` in one step, unless there is a file already. DuckDB itself writes its headers one after
 * the other: a full disk or a crash between them leaves a file that it refuses from then on.
 */
export async function createWholeFile(path: string, create: (path: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.new`;
  try {
    await create(unfinished);
    await syncToDisk(unfinished);
    await moveIfAbsent(unfinished, path);
    await syncToDisk(dirname(path));
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** link() refuses to replace what another process has made in the meantime, and may have loaded already. */
async function moveIfAbsent(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCodeOf(error) ?? '';
    if (code === 'EEXIST') return;
    if (!NO_LINKS.has(code)) throw error;
    await rename(from, to);
  }
}
