import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { join } from 'node:path';

/** A pipe, as shells make them, with both ends in this process. Whoever opens them closes them. */
export function openFifo(folder: string, { nonBlocking = false }: { readonly nonBlocking?: boolean } = {}) {
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  // Without a reader the other end could not be opened.
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY | (nonBlocking ? constants.O_NONBLOCK : 0));
  return { readFd, writeFd };
}
