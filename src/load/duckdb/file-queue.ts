import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Who works on which file, in this process. The lock that DuckDB takes on a file is of the process, not of the instance:
 * it would let two instances of one process write the same file and damage it. So operations on one file are queued
 * here, whichever destination they come from.
 */
const lastByFile = new Map<string, Promise<void>>();

/** Runs `use` when every operation that was queued before it for the same file has ended. */
export async function inFileQueue<T>(path: string, signal: AbortSignal, use: () => Promise<T>): Promise<T> {
  const file = await trueName(path);
  const before = lastByFile.get(file);
  let leave = (): void => {};
  const left = new Promise<void>((resolveLeft) => {
    leave = resolveLeft;
  });
  const last = (before ?? Promise.resolve()).then(() => left);
  lastByFile.set(file, last);
  try {
    if (before) await settledOrAborted(before, signal);
    signal.throwIfAborted();
    return await use();
  } finally {
    leave();
    if (lastByFile.get(file) === last) lastByFile.delete(file);
  }
}

/** One name for one file, however it is reached. */
async function trueName(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch {
    // It is not there yet: its folder may be.
    return join(await realpath(dirname(absolute)).catch(() => dirname(absolute)), basename(absolute));
  }
}

async function settledOrAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolveWait, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(() => {
      signal.removeEventListener('abort', onAbort);
      resolveWait();
    });
  });
}
