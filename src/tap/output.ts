import { write } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { messageOf, systemCodeOf, TributaryError } from '../platform/errors.ts';
import { createSlots } from '../platform/slots.ts';

/** Where Singer messages go. Nothing else of the process may write there. */
export interface SingerOutput {
  /**
   * Whole lines, in the order of the calls; resolves when the system has taken them, which is when the reader has made
   * room. Never torn by a stop: half a line is worse than a late end. Rejects with OUTPUT_CLOSED when the reader is gone
   * (with DESTINATION_FULL when it is a file on a full disk), then and from then on.
   */
  write(lines: Buffer): Promise<void>;
  /** Messages that belong together: nobody else that asks for the same comes in between. Not to be nested. */
  together<T>(use: () => Promise<T>): Promise<T>;
}

const RETRY_MS = 1;
const LONGEST_RETRY_MS = 50;

const writeTo = promisify(write);

/**
 * Writes on a thread of its own. Not through process.stdout: pipes are written there synchronously, so a slow reader
 * would stop timers, sockets and signals. And not as a non-blocking socket: that mode belongs to the pipe itself, which
 * may be shared with the shell or with other programs.
 *
 * `onClosed` hears once that nobody reads any more, also while others wait for something else.
 */
export function createSingerOutput({
  fd,
  onClosed,
}: {
  readonly fd: number;
  readonly onClosed: (error: TributaryError) => void;
}): SingerOutput {
  let closed: TributaryError | null = null;
  const turns = createSlots(1);
  const groups = createSlots(1);
  const never = new AbortController().signal;

  const writeAll = async (lines: Buffer): Promise<void> => {
    let retryMs = RETRY_MS;
    for (let from = 0; from < lines.length; ) {
      try {
        from += (await writeTo(fd, lines, from, lines.length - from)).bytesWritten;
        retryMs = RETRY_MS;
      } catch (error) {
        if (systemCodeOf(error) !== 'EAGAIN') throw error;
        // Somebody who shares the pipe has made it non-blocking, and it is full.
        await delay(retryMs);
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      }
    }
  };

  return {
    write: async (lines) => {
      const leave = await turns.take(never);
      try {
        if (closed !== null) throw closed;
        await writeAll(lines);
      } catch (error) {
        if (closed === null) {
          closed = outputError(error);
          onClosed(closed);
        }
        throw closed;
      } finally {
        leave();
      }
    },
    together: async (use) => {
      const leave = await groups.take(never);
      try {
        return await use();
      } finally {
        leave();
      }
    },
  };
}

function outputError(error: unknown): TributaryError {
  const code = systemCodeOf(error);
  if (code === 'EPIPE' || code === 'ECONNRESET') {
    return new TributaryError('OUTPUT_CLOSED', 'The program that reads the messages has ended', { cause: error });
  }
  // Messages that are redirected into a file.
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const message = `The messages could not be written to stdout: ${messageOf(error)}`;
  if (!isFull) return new TributaryError('OUTPUT_CLOSED', message, { cause: error });
  const hint = 'Free some space; the file may end with half a line, and the next run goes on from its last whole STATE';
  return new TributaryError('DESTINATION_FULL', message, { hint, cause: error });
}
