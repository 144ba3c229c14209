import { accessSync, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { syncToDisk } from '../load/sync-to-disk.ts';
import { messageOf, systemCodeOf, TributaryError } from '../platform/errors.ts';
import { makeFolder } from '../platform/make-folder.ts';

/** Where the rows of BATCH messages go. */
export interface BatchWriter {
  /**
   * Writes lines of JSON to a gzipped file of its own; resolves to the `file:` URL of it when it is on disk. The reader of
   * the message, or whoever runs the tap, removes it.
   */
  write(stream: string, lines: Buffer): Promise<string>;
}

export interface BatchStorage {
  /** Absolute path of the folder; created when it is missing. */
  readonly folder: string;
  readonly prefix: string;
}

const compress = promisify(gzip);
/** The fastest level: a target reads the file once. */
const LEVEL = 1;

/**
 * `runId` keeps the files of runs apart. Creates the folder, and throws where no file can be written there: nothing has been
 * read then. Both throw DESTINATION_FULL, DESTINATION_READ_ONLY or DESTINATION_FAILED.
 */
export function createBatchFiles({ folder, prefix }: BatchStorage, runId: string): BatchWriter {
  let count = 0;
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw batchError(`The folder ${folder} of batch files cannot be used`, error);
  }
  return {
    write: async (stream, lines) => {
      count += 1;
      const path = join(folder, `${prefix}${stream}-${runId}-${count}.jsonl.gz`);
      try {
        makeFolder(folder);
        await writeDurably(path, await compress(lines, { level: LEVEL }));
        await syncToDisk(folder);
      } catch (error) {
        throw batchError(`The batch file ${path} could not be written`, error);
      }
      return pathToFileURL(path).href;
    },
  };
}

async function writeDurably(path: string, content: Buffer): Promise<void> {
  // `wx`: a file that is there already may be waiting for another target.
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function batchError(what: string, error: unknown): TributaryError {
  const message = `${what}: ${messageOf(error)}`;
  switch (systemCodeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new TributaryError('DESTINATION_FULL', message, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const hint = 'Give the user of the tap write access, or name another folder in batch_config.storage.root';
      return new TributaryError('DESTINATION_READ_ONLY', message, { hint, cause: error });
    }
    case 'EEXIST':
    case 'ENOTDIR':
      return new TributaryError('DESTINATION_FAILED', message, { hint: LOOK, kind: 'user', cause: error });
    default:
      return new TributaryError('DESTINATION_FAILED', message, { hint: LOOK, cause: error });
  }
}

const LOOK = 'Compare batch_config.storage.root with what is there, then run again';
