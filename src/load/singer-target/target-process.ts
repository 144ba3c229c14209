import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { Writable } from 'node:stream';
import type { Clock } from '../../platform/clock.ts';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import { endProcess, identityOf, type ProcessIdentity } from '../../platform/process-identity.ts';
import { createLineReader } from './line-reader.ts';
import { stallError, type TargetExit } from './target-errors.ts';

export interface TargetCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Where it is started. */
  readonly folder: string;
}

/** A target that runs. */
export interface TargetProcess {
  /** Resolves when all is in the pipe. Rejects with TARGET_HUNG when the target takes nothing, with TARGET_FAILED when it is gone. */
  write(bytes: Buffer): Promise<void>;
  /** Ends its input: it loads what it still holds and ends. */
  endInput(): void;
  /** Resolves when it has ended and everything that it has said was handed on. */
  readonly exited: Promise<TargetExit>;
  /** The same, or null when that takes longer. */
  exitedWithin(ms: number): Promise<TargetExit | null>;
  /** Makes it end, with all processes of its group; resolves when it has. */
  stop(): Promise<void>;
}

interface StartOptions {
  /** Before the target does anything: remembers it, so that it is found when this process is killed. */
  readonly remember: (identity: ProcessIdentity) => Promise<void>;
  /** Lines of its output, and of what it says to people. */
  readonly onOutput: (line: string) => void;
  readonly onMessage: (line: string) => void;
  /** How long it may take nothing. */
  readonly stallMs: number;
  readonly clock: Clock;
}

/** So small that a target that reads at all takes one in any case. */
const PIECE_BYTES = 64 * 1024;
/** How long a target may take to end after SIGTERM. */
export const GRACE_MS = 10_000;
/** A child of the target may hold its output open for ever. */
const OUTPUT_PATIENCE_MS = 5_000;

/**
 * A shell that waits for a word on descriptor 3, then becomes the target. Until it is remembered there is no target; when
 * this process dies before the word, the shell reads the end of the pipe and ends. `exec` keeps its pid and its start time.
 */
const WAIT_THEN_EXEC = 'read -r go <&3 && exec 3<&- && exec "$@"';

/** Starts a target in a process group of its own, so that a Ctrl-C in the terminal does not reach it. Rejects with TARGET_FAILED. */
export async function startTarget(target: TargetCommand, options: StartOptions): Promise<TargetProcess> {
  const { command, args, folder } = target;
  const child = spawn('sh', ['-c', WAIT_THEN_EXEC, 'sh', command, ...args], {
    cwd: folder,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  await spawned(child, target);
  const exited = exitOf(child, options);
  const identity = child.pid === undefined ? null : await identityOf(child.pid);
  const stop = async (): Promise<void> => {
    child.stdin?.destroy();
    if (identity !== null) await endProcess(identity, { graceMs: GRACE_MS, clock: options.clock });
    else child.kill('SIGKILL');
    await exited;
  };
  try {
    if (identity === null) throw new TributaryError('TARGET_FAILED', `${command} ended before it was started`);
    await options.remember(identity);
    await letGo(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    exited,
    exitedWithin: (ms) => within(exited, { ms, clock: options.clock }),
    stop,
    endInput: () => void child.stdin?.end(),
    write: async (bytes) => {
      for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
        const piece = bytes.subarray(start, start + PIECE_BYTES);
        await orStalled(writePiece(child, piece, command), { command, ...options });
      }
    },
  };
}

async function spawned(child: ChildProcess, { command, folder }: TargetCommand): Promise<void> {
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new TributaryError('TARGET_FAILED', `${command} could not be started in ${folder}: ${messageOf(error)}`, {
      hint: 'Correct the command of the destination, or the permissions of the folder of the configuration file.',
      cause: error,
    });
  }
  // Each write hears of it by its callback; without a listener it would end this process.
  child.stdin?.on('error', () => {});
}

/** Says the word. A shell that is gone by then is reported by its exit. */
async function letGo(child: ChildProcess): Promise<void> {
  const pipe = child.stdio[3];
  if (!(pipe instanceof Writable)) return;
  await new Promise<void>((resolve) => {
    pipe.once('error', () => resolve());
    pipe.end('go\n', () => resolve());
  });
}

async function exitOf(child: ChildProcess, { onOutput, onMessage, clock }: StartOptions): Promise<TargetExit> {
  const readers = [
    [child.stdout, createLineReader(onOutput)],
    [child.stderr, createLineReader(onMessage)],
  ] as const;
  for (const [stream, reader] of readers) stream?.on('data', (chunk: Buffer) => reader.push(chunk));
  const closed = new AbortController();
  child.once('close', () => closed.abort());
  const exit = await new Promise<TargetExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  if (!closed.signal.aborted) await clock.sleep(OUTPUT_PATIENCE_MS, closed.signal).catch(() => {});
  for (const [stream, reader] of readers) {
    stream?.destroy();
    reader.end();
  }
  return exit;
}

function writePiece({ stdin }: ChildProcess, piece: Buffer, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stdin === null) return reject(new TributaryError('BUG', `${command} was started without an input`));
    stdin.write(piece, (error) => {
      if (error == null) return resolve();
      const message = `${command} takes no more input: ${messageOf(error)}`;
      reject(new TributaryError('TARGET_FAILED', message, { cause: error }));
    });
  });
}

/** Rejects with TARGET_HUNG when the work takes too long. */
async function orStalled(
  work: Promise<void>,
  { command, stallMs, clock }: { readonly command: string; readonly stallMs: number; readonly clock: Clock },
): Promise<void> {
  // Nobody hears of it when it fails after that.
  work.catch(() => {});
  const isDone = await within(
    work.then(() => true),
    { ms: stallMs, clock },
  );
  if (isDone === null) throw stallError(basename(command), stallMs);
}

/** Resolves to null when the work takes longer. */
async function within<T>(
  work: Promise<T>,
  { ms, clock }: { readonly ms: number; readonly clock: Clock },
): Promise<T | null> {
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then(
    () => null,
    () => null,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
