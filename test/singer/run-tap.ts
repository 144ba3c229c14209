import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { installedSingerParts } from '../support/singer-parts.ts';

/** A command line. */
export interface Tap {
  readonly command: string;
  readonly args: readonly string[];
}

/** One line of a tap, read as far as tests ask for it. */
export interface SingerMessage {
  readonly type: 'SCHEMA' | 'RECORD' | 'STATE' | 'ACTIVATE_VERSION' | 'BATCH';
  readonly stream?: string;
  readonly version?: number;
  readonly schema?: unknown;
  readonly key_properties?: readonly string[];
  readonly record?: Readonly<Record<string, unknown>>;
  readonly value?: SingerState;
  /** As it was written: JSON.parse rounds numbers. */
  readonly line: string;
}

export interface SingerState {
  readonly bookmarks?: Readonly<Record<string, Bookmark>>;
  readonly currently_syncing?: string | null;
}

/** What the Python tap keeps of a table. Ours adds a key. */
export interface Bookmark {
  readonly version?: number;
  readonly last_replication_method?: string;
  readonly last_evaluated_key?: unknown;
  readonly initial_full_table_complete?: boolean | null;
  readonly finished_shards?: readonly string[];
  readonly shard_seq_numbers?: Readonly<Record<string, string | null>>;
  readonly success_timestamp?: string;
}

export interface TapRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface TapFiles {
  readonly config?: unknown;
  readonly catalog?: unknown;
  /** Another name of the catalog. */
  readonly properties?: unknown;
  readonly state?: unknown;
  readonly flags?: readonly string[];
}

export const REGION = 'us-east-1';
/** The Python tap knows no other place than port 8000 of localhost. */
export const LOCAL_PORT = 8000;
export const LOCAL_CONFIG = {
  account_id: '123456789012',
  external_id: 'needless',
  role_name: 'needless',
  region_name: REGION,
  use_local_dynamo: true,
};
export const LOCAL_KEYS = { AWS_ACCESS_KEY_ID: 'LOCAL', AWS_SECRET_ACCESS_KEY: 'local' };

export function pythonTap(): Tap {
  return { command: installedSingerParts().tap, args: [] };
}

export function ourTap(): Tap {
  const program = fileURLToPath(new URL('../../src/bin/tap-dynamodb.ts', import.meta.url));
  return { command: process.execPath, args: ['--import', 'tsx', program] };
}

/** Runs a tap to its end, whatever that is. Without a config, the one for DynamoDB Local. */
export async function runTap(tap: Tap, files: TapFiles): Promise<TapRun> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-tap-'));
  const child = spawn(tap.command, [...tap.args, ...tapFlags(folder, files)], {
    env: { ...process.env, ...LOCAL_KEYS },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  rmSync(folder, { recursive: true });
  return { code, stdout, stderr };
}

/** Writes the files into a folder; answers with the flags that name them. */
export function tapFlags(folder: string, files: TapFiles): readonly string[] {
  const { config = LOCAL_CONFIG, flags = [], ...others } = files;
  const given = Object.entries({ config, ...others }).filter(([, content]) => content !== undefined);
  return [
    ...given.flatMap(([name, content]) => {
      const path = join(folder, `${name}.json`);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return [`--${name}`, path];
    }),
    ...flags,
  ];
}

/** The messages of a run that has ended well; throws with its log otherwise. */
export function messagesOf({ code, stdout, stderr }: TapRun): readonly SingerMessage[] {
  if (code !== 0) throw new Error(`The tap ended with ${code}:\n${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ ...JSON.parse(line), line }));
}
