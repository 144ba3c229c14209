import { join, resolve, sep } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import { type Logger, silentLogger } from '../../platform/logger.ts';
import { metadataAttributeWarnings } from '../../singer/metadata-attributes.ts';
import type { Destination } from '../destination.ts';
import { safeName } from '../run-files.ts';
import { SINGER_TARGET_CAPABILITIES } from './capabilities.ts';
import { checkTarget } from './check.ts';
import { readConfigFile } from './config-file.ts';
import { findExecutable } from './executable.ts';
import { openLaneLoad } from './lane-load.ts';
import type { SingerTargetOptions } from './options.ts';
import { beginTable, finishTable, haltTableAt, resyncTable } from './refresh.ts';
import { createTargetRunStore } from './run-store.ts';
import { sharedTargetLoader } from './target-loader.ts';

interface Surroundings {
  /** Of the destination. */
  readonly name: string;
  /** Must not reach a log, whatever the options are called that they stand in. */
  readonly variableValues?: readonly string[];
  /** What is known of the tables is kept in `singer/<name>` of it. */
  readonly homeFolder: string;
  /** Where the target is started. */
  readonly baseFolder: string;
  readonly clock: Clock;
  readonly logger?: Logger;
}

/**
 * Any Singer target as a subprocess: rows go to it as RECORD messages, each at least once. Bookmarks are kept in a state
 * folder of this machine; they move when the target repeats the STATE that came behind the rows.
 */
export function createSingerTargetDestination(options: SingerTargetOptions, surroundings: Surroundings): Destination {
  const { name, variableValues = [], homeFolder, baseFolder, clock, logger = silentLogger } = surroundings;
  const folder = join(homeFolder, 'singer', safeName(name));
  const log = logger.at('target');
  const command = commandFrom(options.command, baseFolder);
  const target = { command, args: options.args, folder: baseFolder };
  const loader = sharedTargetLoader({ options, variableValues, target, folder, clock, log });
  const warnOfAttribute = metadataAttributeWarnings(log);
  return {
    capabilities: SINGER_TARGET_CAPABILITIES,
    runStore: createTargetRunStore(folder, loader),
    check: ({ signal }) => checkTarget({ target, options, folder, signal }),
    preflight: async ({ signal }) => {
      signal.throwIfAborted();
      await findExecutable(target);
      if (options.configFile !== undefined) await readConfigFile(options.configFile);
    },
    refresh: {
      begin: (request, { signal }) =>
        loader.exclusively(async (pipe, tables) => {
          signal.throwIfAborted();
          await beginTable(tables, request, pipe);
        }),
      finish: (request, { signal }) =>
        loader.exclusively(async (pipe, tables) => {
          signal.throwIfAborted();
          return await finishTable(tables, request, { pipe, options, log });
        }),
    },
    gaps: {
      resync: (request, { signal }) =>
        loader.exclusively(async (pipe, tables) => {
          signal.throwIfAborted();
          await resyncTable(tables, request, pipe);
        }),
      halt: (request, { signal }) =>
        loader.exclusively(async (pipe, tables) => {
          signal.throwIfAborted();
          await haltTableAt(tables, request, pipe);
        }),
    },
    open: async (lane, { signal }) => {
      signal.throwIfAborted();
      return await openLaneLoad(lane, { loader, options, warnOfAttribute });
    },
    // Singer has no way to ask a target.
    sample: async () => [],
    close: () => loader.close(),
  };
}

/** A path is relative to the configuration file, a name is looked up on the PATH. */
function commandFrom(command: string, baseFolder: string): string {
  return command.includes(sep) ? resolve(baseFolder, command) : command;
}
