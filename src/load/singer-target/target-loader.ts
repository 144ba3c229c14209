import { basename } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import { toTributaryError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { secretForms, withoutSecrets } from '../../platform/secret-names.ts';
import { makeFolder } from '../durable-file.ts';
import { filesError, withFileErrors } from '../file-errors.ts';
import { removeTargetConfig, writeTargetConfig } from './config-file.ts';
import { takeFolderLock } from './folder-lock.ts';
import { createLastWords } from './last-words.ts';
import { endLeftOver, forgetTarget, rememberTarget } from './left-over.ts';
import type { SingerTargetOptions } from './options.ts';
import { startTarget, type TargetCommand, type TargetProcess } from './target-process.ts';
import { createTargetSession, type TargetPipe } from './target-session.ts';
import { createTargetTables, type TargetTables } from './target-tables.ts';

/** What loads a target, for all tables and sources of this process. */
export interface TargetLoader {
  /**
   * Runs `use` while nothing else is sent and no other process loads the target. Rejects with DESTINATION_LOCKED when one
   * does, and with what `use` rejects with.
   */
  exclusively<T>(use: (pipe: TargetPipe, tables: TargetTables) => Promise<T>): Promise<T>;
  /** Waits until the target has confirmed everything and has ended, and gives the lock back. */
  close(): Promise<void>;
}

interface TargetLoaderOptions {
  readonly options: SingerTargetOptions;
  /** Those that environment variables have put into the options. */
  readonly variableValues: readonly string[];
  readonly target: TargetCommand;
  /** The state folder; made when it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

function createTargetLoader({
  options,
  variableValues,
  target,
  folder,
  clock,
  log,
}: TargetLoaderOptions): TargetLoader {
  const name = basename(target.command);
  let secrets: readonly string[] = [];
  let giveBack: (() => Promise<void>) | null = null;
  let words = createLastWords();
  const onMessage = (line: string): void => log.info(`${name}: ${withoutSecrets(line, secrets)}`);

  const start = async (onOutput: (line: string) => void): Promise<TargetProcess> => {
    await endLeftOver(folder, { patienceMs: options.exitTimeout, clock, log });
    const config = await writeTargetConfig(folder, options);
    secrets = [...config.secrets, ...secretForms(variableValues)];
    const said = createLastWords();
    words = said;
    const command = { ...target, args: [...config.args, ...options.args] };
    log.debug(`Starts ${name}`);
    try {
      return await startTarget(command, {
        remember: (identity) => rememberTarget(folder, target.command, identity),
        onOutput,
        onMessage: (line) => {
          said.hear(withoutSecrets(line, secrets));
          onMessage(line);
        },
        stallMs: options.echoTimeout,
        clock,
      });
    } catch (error) {
      // Which process it was stays remembered: it may not have been possible to end it.
      await removeTargetConfig(folder);
      throw error;
    }
  };
  const refusesToRun = async (): Promise<boolean> => {
    const idle = await start(() => {});
    idle.endInput();
    const exit = await idle.exitedWithin(options.exitTimeout);
    if (exit === null) await idle.stop();
    return exit !== null && exit.code !== 0;
  };
  const ended = async (): Promise<void> => {
    await removeTargetConfig(folder);
    await forgetTarget(folder, clock);
  };
  const tables = createTargetTables({
    folder,
    onFailure: (error) => session.fail(filesError(error, folder)),
  });
  const session = createTargetSession({
    name,
    start,
    refusesToRun,
    lastWords: () => words.text(),
    ended,
    tables: tables.all,
    onMessage,
    exitTimeoutMs: options.exitTimeout,
    settleEveryMs: options.settleEvery,
    clock,
    log,
  });
  const hold = async (): Promise<void> => {
    if (giveBack !== null) return;
    await makeFolder(folder);
    giveBack = await takeFolderLock(folder);
    try {
      await tables.load();
    } catch (error) {
      await releaseAfterError();
      throw error;
    }
  };
  const release = async (): Promise<void> => {
    const give = giveBack;
    giveBack = null;
    if (give !== null) await withFileErrors(folder, give);
  };
  /** The first error says more than that the lock, on the same disk, could not be given back either. */
  const releaseAfterError = (): Promise<void> =>
    release().catch((error: unknown) => log.warning(toTributaryError(error).message));

  return {
    exclusively: (use) =>
      session.exclusively((pipe) =>
        withFileErrors(folder, async () => {
          await hold();
          return await use(pipe, tables);
        }),
      ),
    close: async () => {
      try {
        await withFileErrors(folder, () => session.close());
      } catch (error) {
        await releaseAfterError();
        throw error;
      }
      await release();
    },
  };
}

/** In this process, by state folder: sources that load one target share its process. */
const loaders = new Map<string, { readonly loader: TargetLoader; users: number }>();

/** The loader of a folder; `close` counts when the last who shares it has called it. */
export function sharedTargetLoader(options: TargetLoaderOptions): TargetLoader {
  const { folder } = options;
  const shared = loaders.get(folder) ?? { loader: createTargetLoader(options), users: 0 };
  shared.users += 1;
  loaders.set(folder, shared);
  let isOpen = true;
  return {
    exclusively: (use) => shared.loader.exclusively(use),
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      shared.users -= 1;
      if (shared.users > 0) return;
      loaders.delete(folder);
      await shared.loader.close();
    },
  };
}
