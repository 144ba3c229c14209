import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCodeOf } from '../platform/errors.ts';
import { isMissing } from './file-errors.ts';
import { syncToDisk } from './sync-to-disk.ts';

/** Ends the names of files that are being written. Nobody but clean-up looks at them. */
export const UNFINISHED = '.tmp';

export type Content = Iterable<Buffer | string> | AsyncIterable<Buffer | string>;

/**
 * Makes a folder and all above it, durably; resolves to those it has made, the uppermost first. One by one, because
 * mkdir's own `recursive` says ENOENT where the file system is read-only.
 */
export async function makeFolder(folder: string): Promise<readonly string[]> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return [];
    const parent = dirname(folder);
    if (!isMissing(error) || parent === folder) throw error;
    return [...(await makeFolder(parent)), ...(await makeFolder(folder))];
  }
  await syncToDisk(dirname(folder));
  return [folder];
}

/** Writes a whole file durably under its name: readers see nothing, or the file before, or all of it. */
export async function writeWhole(path: string, content: Content): Promise<{ readonly bytes: number }> {
  const unfinished = `${path}.${randomUUID()}${UNFINISHED}`;
  const bytes = await writeNew(unfinished, content);
  await rename(unfinished, path);
  await syncToDisk(dirname(path));
  return { bytes };
}

/**
 * Creates a file durably unless there is one of that name: resolves to false then. Of all processes that try, one
 * succeeds, because link() refuses to replace (open(2) with O_EXCL would show the file before it is whole).
 */
export async function createWhole(path: string, content: string): Promise<boolean> {
  const unfinished = join(dirname(path), `${randomUUID()}${UNFINISHED}`);
  await writeNew(unfinished, [content]);
  try {
    await link(unfinished, path);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncToDisk(dirname(path));
  return true;
}

/** The names in a folder; none when there is no such folder. */
export async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    // A file among folders is nobody's table.
    if (isMissing(error) || systemCodeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** The text of a file, or null when there is none. */
export async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** When the file was last written, in ms since the epoch; null when there is none. */
export async function modifiedAtMs(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Leaves nothing behind when it fails. */
async function writeNew(path: string, content: Content): Promise<number> {
  const handle = await open(path, 'wx');
  let bytes = 0;
  try {
    for await (const piece of content)
      bytes += await writeAll(handle, typeof piece === 'string' ? Buffer.from(piece) : piece);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(path, { force: true });
    throw error;
  }
  await handle.close();
  return bytes;
}

/** write(2) may write less than it was given, for example when the disk is nearly full. */
async function writeAll(handle: Awaited<ReturnType<typeof open>>, bytes: Buffer): Promise<number> {
  let written = 0;
  while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten;
  return written;
}
