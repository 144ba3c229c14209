import { join, resolve } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import { type Logger, silentLogger } from '../../platform/logger.ts';
import type { Destination, LoadTarget } from '../destination.ts';
import { withFileErrors } from '../file-errors.ts';
import { FILES_CAPABILITIES } from './capabilities.ts';
import { checkFolder } from './check.ts';
import { openLoad } from './load.ts';
import type { FilesOptions } from './options.ts';
import { readLines } from './read-lines.ts';
import { beginTable, finishTable } from './refresh.ts';
import { createFilesRunStore } from './run-store.ts';
import { openTableFolders, type TableFolders } from './table-folders.ts';

interface Surroundings {
  readonly clock: Clock;
  readonly logger?: Logger;
}

/**
 * JSON Lines files in a local folder, `<path>/<schema>/<table>/data/<version>-<base>/*.jsonl`. A commit log a table says which of
 * them are committed and how far the source was read, in one entry; readers that follow it see every row exactly once.
 * No row is ever rejected: a line holds any item as it came, also one whose key is missing or of another type.
 */
export function createFilesDestination(
  options: FilesOptions,
  { clock, logger = silentLogger }: Surroundings,
): Destination {
  const root = resolve(options.path);
  const log = logger.at('target');
  const folders = openTableFolders(root);
  return {
    capabilities: FILES_CAPABILITIES,
    runStore: createFilesRunStore(root, folders, clock),
    check: ({ signal }) => checkFolder(root, signal),
    refresh: {
      begin: (request, { signal }) => beginTable(folders, request, { signal, logger: log }),
      finish: (request, { signal }) => finishTable(folders, request, { signal, logger: log }),
    },
    open: async (lane, { signal }) => {
      const found = await folders.require(lane);
      signal.throwIfAborted();
      return openLoad(found.log, lane, { nowMs: clock.now(), logger: log });
    },
    sample: (target, count) => withFileErrors(root, () => sampleLines(folders, target, count)),
    close: async () => {},
  };
}

async function sampleLines(folders: TableFolders, target: LoadTarget, count: number): Promise<readonly string[]> {
  const found = await folders.find(target);
  const lines: string[] = [];
  for (const { file } of found?.table.ledger.live?.parts ?? []) {
    if (lines.length >= count) break;
    for await (const line of readLines(join(found?.log.folder ?? '', file))) {
      lines.push(line.toString());
      if (lines.length >= count) break;
    }
  }
  return lines;
}
