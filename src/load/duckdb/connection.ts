import { access, mkdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { backoffMs } from '../../platform/backoff.ts';
import type { Clock } from '../../platform/clock.ts';
import { systemCodeOf, TributaryError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { createWholeFile } from './create-file.ts';
import { duckDbError, isLockConflict, isOutOfMemory, lockHolderOf } from './errors.ts';
import { inFileQueue } from './file-queue.ts';
import { DATABASE, quoteName, quotePath } from './sql.ts';
import { createStateTables, migrateStateTables, stateOfFile } from './state-tables.ts';

type Use<T> = (connection: DuckDBConnection) => Promise<T>;

/**
 * A DuckDB file that is opened for each operation and closed after it, so that other programs can have it in between.
 * Operations of this process on one file never overlap. Whatever `use` throws comes out as a TributaryError. `use` is
 * called again, with another connection, where DuckDB had too little memory for it.
 */
export interface DuckDbFile {
  readonly path: string;
  /**
   * Opens the file read-only; null when there is none, or one that was never loaded. Nothing is created; state of an older
   * format is migrated first.
   */
  read<T>(use: Use<T>, signal: AbortSignal): Promise<T | null>;
  /** Opens the file for writing; creates it and the state tables when they are missing. */
  write<T>(use: Use<T>, signal: AbortSignal): Promise<T>;
  /** Opens the file for writing and does nothing else with it: `use` may let go of the lock, as copying the file does. */
  hold<T>(use: Use<T>, signal: AbortSignal): Promise<T>;
}

interface DuckDbFileOptions {
  readonly path: string;
  readonly lockWaitMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

type AccessMode = 'READ_ONLY' | 'READ_WRITE';

/** Who follows a table closes the file only for moments: whoever asks seldom would wait for long. */
const LOCK_RETRY = { firstMs: 50, maxMs: 200 };

/**
 * A bound on DuckDB's cache of the file, which otherwise grows with the table; spilling goes beside the file. DuckDB works
 * on 2,048 rows at once: where those do not fit, because items are hundreds of kilobytes large, it gets more.
 */
const MEMORY_LIMIT = {
  leastMb: 128,
  factor: 4,
  // A container may have less than the machine.
  mostMb: Math.floor(Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2 / 1024 ** 2),
};

const INSTANCE_OPTIONS = {
  // Measured: a second thread does no more work in a checkpoint, it only waits for the first on a processor.
  threads: '1',
  // Every COMMIT writes into the file itself and moves its header, which is the commit: there is no write-ahead log that
  // a crash could leave behind (what its replay gets wrong: see transaction.ts), and a COMMIT that fails has done nothing.
  checkpoint_threshold: '0KB',
  auto_checkpoint_skip_wal_threshold: '0',
  // Merging row groups at every commit rewrites each row twice more: see mergeRowGroups.
  max_vacuum_tasks: '0',
  // Everything that is used is built in: nothing is to be downloaded.
  autoinstall_known_extensions: 'false',
} as const;

/**
 * Lets the next COMMIT merge small row groups and drop empty ones, in all tables of the file. Needed now and then: each
 * commit leaves row groups of its own. `maxTasks` bounds how many are rewritten, from the start of a table on.
 */
export async function mergeRowGroups(connection: DuckDBConnection, maxTasks = 100): Promise<void> {
  await connection.run(`SET GLOBAL max_vacuum_tasks = ${maxTasks}`);
}

export function createDuckDbFile({ path, lockWaitMs, clock, logger }: DuckDbFileOptions): DuckDbFile {
  let memoryLimitMb = MEMORY_LIMIT.leastMb;
  const open = async (mode: AccessMode, signal: AbortSignal): Promise<OpenFile> => {
    const deadlineMs = clock.now() + lockWaitMs;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await attach(path, mode, memoryLimitMb);
      } catch (error) {
        if (!isLockConflict(error)) throw error;
        const leftMs = deadlineMs - clock.now();
        if (leftMs <= 0) throw lockedError(path, lockWaitMs, error);
        if (attempt === 0) logger.warning(`Waiting for ${path}, which ${holderText(error)} has open`);
        await clock.sleep(Math.min(leftMs, backoffMs(attempt, LOCK_RETRY)), signal);
      }
    }
  };

  /** Whether there is more to be had. */
  const raiseMemoryLimit = (): boolean => {
    const raisedMb = Math.min(memoryLimitMb * MEMORY_LIMIT.factor, MEMORY_LIMIT.mostMb);
    if (raisedMb <= memoryLimitMb) return false;
    logger.info(`DuckDB needs more than ${memoryLimitMb} MB for rows as large as these; it may take ${raisedMb} MB`);
    memoryLimitMb = raisedMb;
    return true;
  };

  const withConnection = async <T>(
    mode: AccessMode,
    signal: AbortSignal,
    use: (connection: DuckDBConnection, state: Awaited<ReturnType<typeof stateOfFile>>) => Promise<T>,
  ): Promise<T> => {
    try {
      if (mode === 'READ_WRITE') await mkdir(dirname(path), { recursive: true });
      return await inFileQueue(path, signal, async () => {
        if (mode === 'READ_WRITE' && !(await fileExists(path))) await createWholeFile(path, createDatabase);
        for (;;) {
          const { instance, connection } = await open(mode, signal);
          try {
            return await use(connection, await stateOfFile(connection, path));
          } catch (error) {
            if (!isOutOfMemory(error) || !raiseMemoryLimit()) throw error;
          } finally {
            connection.closeSync();
            instance.closeSync();
          }
        }
      });
    } catch (error) {
      throw duckDbError(error, path);
    }
  };

  const write = <T>(use: Use<T>, signal: AbortSignal): Promise<T> =>
    withConnection('READ_WRITE', signal, async (connection, state) => {
      if (state === 'none') await createStateTables(connection);
      if (state === 'older') await migrateStateTables(connection);
      return use(connection);
    });

  return {
    path,
    async read(use, signal) {
      if (!(await fileExists(path))) return null;
      const found = await withConnection('READ_ONLY', signal, async (connection, state) =>
        state === 'present' ? { value: await use(connection) } : state,
      );
      if (found === 'older') return write(use, signal);
      return found === 'none' ? null : found.value;
    },
    write,
    hold: (use, signal) => withConnection('READ_WRITE', signal, use),
  };
}

interface OpenFile {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
}

async function attach(path: string, mode: AccessMode, memoryLimitMb: number): Promise<OpenFile> {
  const options = { ...INSTANCE_OPTIONS, memory_limit: `${memoryLimitMb}MB`, temp_directory: `${path}.tmp` };
  const instance = await DuckDBInstance.create(':memory:', options);
  try {
    const connection = await instance.connect();
    await connection.run(`ATTACH ${quotePath(path)} AS ${quoteName(DATABASE)} (${mode})`);
    await connection.run(`USE ${quoteName(DATABASE)}`);
    return { instance, connection };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

async function createDatabase(path: string): Promise<void> {
  const { instance, connection } = await attach(path, 'READ_WRITE', MEMORY_LIMIT.leastMb);
  connection.closeSync();
  instance.closeSync();
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
