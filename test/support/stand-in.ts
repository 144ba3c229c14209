import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Destination } from '../../src/load/destination.ts';
import { type SingerTargetOptions, singerTargetOptionsSchema } from '../../src/load/singer-target/options.ts';
import { createSingerTargetDestination } from '../../src/load/singer-target/singer-target.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';

const SCRIPT = fileURLToPath(new URL('stand-in-target.mjs', import.meta.url));

/** A message that a target has loaded, as far as tests look at it. */
export interface LoadedMessage {
  readonly type: string;
  readonly stream?: string;
  readonly version?: number;
  readonly record?: Readonly<Record<string, unknown>>;
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly key_properties?: readonly string[];
}

/** A folder with everything that a destination with the stand-in target needs. */
export interface StandIn {
  readonly folder: string;
  /** What is remembered of the destination. */
  readonly stateFolder: string;
  readonly log: readonly string[];
  /** A destination whose target misbehaves as the arguments say, see stand-in-target.mjs. */
  connect(args?: readonly string[], options?: Partial<SingerTargetOptions>): Destination;
  /** What the target has loaded, in its order. */
  loaded(): Promise<readonly LoadedMessage[]>;
  /** The keys `id` of the loaded RECORDs. */
  loadedIds(): Promise<readonly unknown[]>;
  /** Lines of the log that match. */
  logged(pattern: RegExp): readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openStandIn(): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-singer-'));
  const into = join(folder, 'loaded.jsonl');
  const log: string[] = [];
  const opened: Destination[] = [];
  const write = (line: string): void => void log.push(line);
  const logger = createLogger({ location: 'main', level: 'DEBUG', now: () => 0, write });
  const loaded: StandIn['loaded'] = async () => {
    if (!existsSync(into)) return [];
    const lines = (await readFile(into, 'utf8')).split('\n').slice(0, -1);
    return lines.map((line): LoadedMessage => JSON.parse(line));
  };
  return {
    folder,
    stateFolder: join(folder, 'home', 'singer', 'out'),
    log,
    connect: (args = [], options = {}) => {
      const command = { command: process.execPath, args: [SCRIPT, '--into', into, '--say', 'started', ...args] };
      const destination = createSingerTargetDestination(
        { ...singerTargetOptionsSchema.parse({ ...command, exitTimeout: '20s' }), ...options },
        { name: 'out', homeFolder: join(folder, 'home'), baseFolder: folder, clock: systemClock, logger },
      );
      opened.push(destination);
      return destination;
    },
    loaded,
    loadedIds: async () => (await loaded()).flatMap(({ record }) => (record === undefined ? [] : [record['id']])),
    logged: (pattern) => log.filter((line) => pattern.test(line)),
    [Symbol.asyncDispose]: async () => {
      // Some tests leave a target behind that never confirms: its destination says so once more.
      for (const destination of opened) await destination.close().catch(() => {});
      await rm(folder, { recursive: true, force: true });
    },
  };
}
