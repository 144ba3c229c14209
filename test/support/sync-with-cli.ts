import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../src/bin/tributary.ts', import.meta.url));

interface SyncOptions {
  /** Holds the configuration, the home and what relative paths of the destination name. */
  readonly folder: string;
  readonly endpoint: string;
  /** The destination in YAML. */
  readonly destination: string;
  readonly tables: readonly string[];
}

/** `tributary sync` in a process of its own; rejects with its log when it fails. */
export async function syncWithCli({ folder, endpoint, destination, tables }: SyncOptions): Promise<void> {
  const config = {
    sources: {
      shop: {
        region: 'us-east-1',
        endpoint,
        destination: 'warehouse',
        tables: Object.fromEntries(tables.map((table) => [table, { method: 'FULL_TABLE' }])),
      },
    },
  };
  const path = join(folder, 'tributary.yaml');
  // JSON is YAML; only the destination comes as a test writes it.
  writeFileSync(path, `sources: ${JSON.stringify(config.sources)}\ndestinations: { warehouse: ${destination} }\n`);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', PROGRAM, 'sync', '--config', path, '--home', join(folder, 'home')],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, AWS_ACCESS_KEY_ID: 'LOCAL', AWS_SECRET_ACCESS_KEY: 'local' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const [log, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`sync ended with ${code}:\n${log}`);
}
