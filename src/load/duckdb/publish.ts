import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncToDisk } from '../sync-to-disk.ts';
import type { DuckDbFile } from './connection.ts';
import { duckDbError } from './errors.ts';

/**
 * Puts a copy of the file at `target` in one step, so that readers always find a whole one. The lock that DuckDB holds
 * ends when any handle of this process on the file is closed (POSIX), so copying is the last thing that is done with it.
 */
export async function publishCopy(file: DuckDbFile, target: string, signal: AbortSignal): Promise<void> {
  const temporary = `${target}.tributary-copy`;
  await file.hold(async (connection) => {
    // Everything into the file itself: a write-ahead log would not be copied.
    await connection.run('CHECKPOINT');
    try {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(file.path, temporary);
    } catch (error) {
      await rm(temporary, { force: true });
      throw duckDbError(error, target);
    }
  }, signal);
  try {
    await syncToDisk(temporary);
    await rename(temporary, target);
    await syncToDisk(dirname(target));
  } catch (error) {
    await rm(temporary, { force: true });
    throw duckDbError(error, target);
  }
}
