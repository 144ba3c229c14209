import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Logs are kept as long as the longest plan of the hosted product keeps them. */
const RETENTION_MS = 60 * 24 * 60 * 60_000;

export interface RunLog {
  readonly path: string;
  /** Appends a line. Written at once, so that the log of a killed run is whole up to its last line. */
  write(line: string): void;
}

/** The extraction log of one run, a file under `<home>/logs`. Creating it removes logs that are older than 60 days. */
export function openRunLog(home: string, runId: string, nowMs: number): RunLog {
  const folder = join(home, 'logs');
  mkdirSync(folder, { recursive: true });
  removeOldLogs(folder, nowMs);
  const path = join(folder, `${runId}.log`);
  return { path, write: (line) => appendFileSync(path, `${line}\n`) };
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
