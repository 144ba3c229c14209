import { appendFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, TributaryError } from '../platform/errors.ts';
import { makeFolder } from '../platform/make-folder.ts';

/** Logs are kept as long as the longest plan of the hosted product keeps them. */
const RETENTION_MS = 60 * 24 * 60 * 60_000;

interface RunLogOptions {
  readonly home: string;
  readonly runId: string;
  readonly nowMs: number;
  /** Called once when the file cannot be written any more, with what a person should know. */
  readonly onLost: (message: string) => void;
}

export interface RunLog {
  readonly path: string;
  /**
   * Appends a line. Written at once, so that the log of a killed run is whole up to its last line. Never throws: a full
   * disk under the log is no reason to stop loading into another.
   */
  write(line: string): void;
}

/**
 * The extraction log of one run, a file under `<home>/logs`. Creating it removes logs that are older than 60 days. Throws
 * CONFIG_UNWRITABLE.
 */
export function openRunLog({ home, runId, nowMs, onLost }: RunLogOptions): RunLog {
  const folder = join(home, 'logs');
  try {
    makeFolder(folder);
    removeOldLogs(folder, nowMs);
  } catch (error) {
    throw new TributaryError('CONFIG_UNWRITABLE', `The folder for logs cannot be used: ${messageOf(error)}`, {
      hint: 'Choose another folder with --home, or correct its permissions.',
      cause: error,
    });
  }
  const path = join(folder, `${runId}.log`);
  let isLost = false;
  return {
    path,
    write: (line) => {
      if (isLost) return;
      try {
        appendFileSync(path, `${line}\n`);
      } catch (error) {
        isLost = true;
        onLost(`The log of the run ends here: ${messageOf(error)}. The run itself goes on`);
      }
    },
  };
}

function removeOldLogs(folder: string, nowMs: number): void {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.log')) continue;
    const path = join(folder, name);
    // Another run may have removed it between the listing and now.
    const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
    if (nowMs - modifiedMs > RETENTION_MS) rmSync(path, { force: true });
  }
}
