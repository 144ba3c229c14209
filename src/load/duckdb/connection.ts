import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { backoffMs } from '../../platform/backoff.ts';
import type { Clock } from '../../platform/clock.ts';
import { systemCodeOf, TributaryError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { duckDbError, isLockConflict, lockHolderOf } from './errors.ts';
import { inFileQueue } from './file-queue.ts';
import { checkFormat } from './state-tables.ts';

type Use<T> = (connection: DuckDBConnection) => Promise<T>;

/**
 * A DuckDB file that is opened for each operation and closed after it, so that other programs can have it in between.
 * Operations of this process on one file never overlap. Whatever `use` throws comes out as a TributaryError.
 */
export interface DuckDbFile {
  readonly path: string;
  /** Opens the file read-only; null when there is none. Nothing is created. */
  read<T>(use: Use<T>, signal: AbortSignal): Promise<T | null>;
  /** Opens the file for writing, creates it when it is missing, and brings what was committed into it at the end. */
  write<T>(use: Use<T>, signal: AbortSignal): Promise<T>;
  /** As `write`, but nothing is written after `use`: it may let go of the lock, as reading the file does. */
  hold<T>(use: Use<T>, signal: AbortSignal): Promise<T>;
}

interface DuckDbFileOptions {
  readonly path: string;
  readonly lockWaitMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

type AccessMode = 'READ_ONLY' | 'READ_WRITE';

const LOCK_RETRY = { firstMs: 50, maxMs: 1_000 };

const INSTANCE_OPTIONS = {
  // The work is appending, which is ours and single-threaded: more threads cost memory and gain nothing.
  threads: '2',
  // A bound on DuckDB's cache of the file, which otherwise grows with the table. Spilling goes beside the file.
  memory_limit: '256MB',
  // Checkpoints are ours alone: one inside COMMIT that fails reports a commit as failed that is durable.
  checkpoint_threshold: '1TB',
  // Everything that is used is built in: nothing is to be downloaded.
  autoinstall_known_extensions: 'false',
} as const;

export function createDuckDbFile({ path, lockWaitMs, clock, logger }: DuckDbFileOptions): DuckDbFile {
  const open = async (mode: AccessMode, signal: AbortSignal): Promise<DuckDBInstance> => {
    const deadlineMs = clock.now() + lockWaitMs;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await DuckDBInstance.create(path, { ...INSTANCE_OPTIONS, access_mode: mode });
      } catch (error) {
        if (!isLockConflict(error)) throw error;
        const leftMs = deadlineMs - clock.now();
        if (leftMs <= 0) throw lockedError(path, lockWaitMs, error);
        if (attempt === 0) logger.info(`Waiting for ${path}, which ${holderText(error)} has open`);
        await clock.sleep(Math.min(leftMs, backoffMs(attempt, LOCK_RETRY)), signal);
      }
    }
  };

  const withConnection = async <T>(mode: AccessMode, signal: AbortSignal, use: Use<T>): Promise<T> => {
    try {
      if (mode === 'READ_WRITE') await mkdir(dirname(path), { recursive: true });
      return await inFileQueue(path, signal, async () => {
        const instance = await open(mode, signal);
        try {
          const connection = await instance.connect();
          try {
            await checkFormat(connection, path);
            return await use(connection);
          } finally {
            connection.closeSync();
          }
        } finally {
          instance.closeSync();
        }
      });
    } catch (error) {
      throw duckDbError(error, path);
    }
  };

  const checkpoint = async (connection: DuckDBConnection): Promise<void> => {
    try {
      await connection.run('CHECKPOINT');
    } catch (error) {
      // What was committed is durable in the write-ahead log and is read from there by the next open.
      logger.warning(`${path} keeps its write-ahead log: ${duckDbError(error, path).message}`);
    }
  };

  return {
    path,
    async read(use, signal) {
      return (await fileExists(path)) ? await withConnection('READ_ONLY', signal, use) : null;
    },
    write: (use, signal) =>
      withConnection('READ_WRITE', signal, async (connection) => {
        const result = await use(connection);
        await checkpoint(connection);
        return result;
      }),
    hold: (use, signal) => withConnection('READ_WRITE', signal, use),
  };
}

export async function fileExists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw duckDbError(error, path);
  }
}

function holderText(conflict: unknown): string {
  const holder = lockHolderOf(conflict);
  return holder ? `${holder.program} (PID ${holder.pid})` : 'another program';
}

function lockedError(path: string, lockWaitMs: number, conflict: unknown): TributaryError {
  const holder = lockHolderOf(conflict);
  return new TributaryError('DESTINATION_LOCKED', `${path} is held open by ${holderText(conflict)}`, {
    hint: `Close ${holder ? `${holder.program} (PID ${holder.pid})` : 'the other program'}, or let it read the copy configured by \`publish\`.`,
    context: { path, lockWaitMs, ...(holder && { program: holder.program, pid: holder.pid }) },
    cause: conflict,
  });
}
