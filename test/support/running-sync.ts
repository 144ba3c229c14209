import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SHOP_ENVIRONMENT } from './shop-config.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `tributary sync` in a process of its own, and its log as it grows. */
export interface RunningSync {
  readonly process: ChildProcess;
  readonly exited: Promise<readonly [code: number | null, signal: string | null]>;
  readonly log: readonly string[];
  /** Resolves with the nth line that matches, of those that are there and those to come. Rejects when the process ends first. */
  line(pattern: RegExp, nth?: number): Promise<string>;
  /** How many lines match until now. */
  count(pattern: RegExp): number;
}

/** Starts `tributary sync ...args` with `--log-level DEBUG`; the folder holds tributary.yaml and becomes the home. */
export function startSync(folder: string, args: readonly string[] = []): RunningSync {
  const options = ['--config', `${folder}/tributary.yaml`, '--home', `${folder}/home`, '--log-level', 'DEBUG'];
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', `${ROOT}src/bin/tributary.ts`, 'sync', ...options, ...args],
    {
      cwd: ROOT,
      env: { ...process.env, ...SHOP_ENVIRONMENT },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  // A test run that dies, or a test that takes too long, must not leave it behind.
  const killAtExit = (): boolean => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  child.once('close', () => process.removeListener('exit', killAtExit));
  const log: string[] = [];
  const listeners = new Set<(line: string) => void>();
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    for (const listener of listeners) listener(line);
  });
  // `close` and not `exit`: by then the whole log has arrived.
  const exited = once(child, 'close').then(([code, signal]) => [code, signal] as const);
  const count = (pattern: RegExp): number => log.filter((line) => pattern.test(line)).length;
  return {
    process: child,
    exited,
    log,
    count,
    line: (pattern, nth = 1) =>
      new Promise((resolve, reject) => {
        let missing = nth;
        const look = (line: string): void => {
          if (!pattern.test(line)) return;
          missing -= 1;
          if (missing > 0) return;
          listeners.delete(look);
          resolve(line);
        };
        listeners.add(look);
        for (const line of log) if (missing > 0) look(line);
        void exited.then(([code, signal]) => {
          const tail = log.slice(-30).join('\n');
          reject(new Error(`The sync ended with ${signal ?? code} before line ${nth} of ${pattern}:\n${tail}`));
        });
      }),
  };
}
