import { open } from 'node:fs/promises';

/** Waits until a file, or the entries of a folder, are on disk: fsync of a file alone does not make its name survive. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
