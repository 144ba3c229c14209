import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jsonLines, runCli } from './run-cli.ts';
import { openShop, type Shop } from './shop.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Tells on stderr of every module that is loaded of the AWS SDK, of DuckDB and of what reads a configuration. */
const LOAD_HOOKS = `
  import { writeSync } from 'node:fs';
  export async function load(url, context, next) {
    if (/node_modules\\/(@(aws-sdk|smithy|duckdb)|zod|yaml)\\//.test(url)) writeSync(2, 'loaded ' + url + '\\n');
    return next(url, context);
  }`;
const REGISTER = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(LOAD_HOOKS))});`;
const WATCHED = ['--import', dataUrl(REGISTER)];

let shop: Shop;
beforeEach(async () => {
  // More than one page, so that the Scan has several segments.
  shop = await openShop({ items: 3_000 });
});
afterEach(async () => {
  await shop[Symbol.asyncDispose]();
});

function start(
  argv: readonly string[],
  nodeArguments: readonly string[] = [],
): ChildProcessByStdio<null, Readable, Readable> {
  const script = join(ROOT, 'src/bin/tributary.ts');
  return spawn(process.execPath, ['--import', 'tsx', ...nodeArguments, script, ...argv], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...shop.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ReturnType<typeof start>) {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const [exitCode, signal]: unknown[] = await once(child, 'close');
  return { exitCode, signal, stdout, stderr };
}

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** Resolves when the simulator gets the Scan of that number; `held` scans wait until they are released. */
function atScan(number: number): { readonly reached: Promise<void>; release(): void } {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let seen = 0;
  const reached = new Promise<void>((resolve) => {
    shop.simulator.onRequest(async ({ action }) => {
      if (action !== 'Scan' || ++seen < number) return;
      resolve();
      await held;
    });
  });
  return { reached, release };
}

describe('during a sync', () => {
  beforeEach(async () => {
    await runCli(['select', 'orders', '--method', 'FULL_TABLE'], shop);
  });

  test('Ctrl-C ends it at a durable bookmark and says how to go on, and the next run does', async () => {
    const child = start(['sync']);
    const scan = atScan(3);
    const end = ended(child);
    await scan.reached;
    child.kill('SIGINT');
    scan.release();
    const { exitCode, stderr } = await end;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('Stopping at the next durable bookmark; press Ctrl-C again to quit at once\n');
    expect(stderr).toMatch(/stopped CANCELLED: The run was stopped .*\n {2}Run the same command again: it goes on/);

    const status = await runCli(['status'], shop);
    expect(status.stdout).toMatch(/^Last run .*: stopped, /m);
    expect(status.stdout.match(/CANCELLED/g)).toHaveLength(1);

    const next = await runCli(['sync', '--json'], shop);
    expect(next.exitCode, next.stderr).toBe(0);
    expect(jsonLines(next.stdout).at(-1)).toMatchObject({
      tables: [{ outcome: 'succeeded', version: 1, live_rows: 3_000 }],
    });
  });

  test('a second SIGTERM ends the process at once', async () => {
    const child = start(['sync']);
    const scan = atScan(2);
    const end = ended(child);
    await scan.reached;
    const stopping = new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk) => String(chunk).includes('Stopping at') && resolve());
    });
    child.kill('SIGTERM');
    await stopping;
    child.kill('SIGTERM');
    // The Scan is still held: only an exit ends this.
    expect(await end).toMatchObject({ exitCode: 143 });
    scan.release();
  });
});

test('an answer that is larger than a pipe arrives whole', async () => {
  const names = Array.from({ length: 1_500 }, (_, number) => `table-${number}`);
  const yaml = await readFile(shop.config, 'utf8');
  const tables = `{ ${names.map((name) => `${name}: { method: FULL_TABLE }`).join(', ')} }`;
  await writeFile(shop.config, yaml.replace('{} # chosen below', tables));
  // A pipe of a shell holds 64 kB; those that Node makes hold more.
  const script = `"${process.execPath}" --import tsx src/bin/tributary.ts status --json | cat`;
  const env = { PATH: process.env['PATH'], ...shop.environment };
  const child = spawn('sh', ['-c', script], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const { stdout } = await ended(child);
  expect(stdout.length).toBeGreaterThan(200_000);
  const [report] = jsonLines(stdout);
  expect(report).toMatchObject({ sources: [{ tables: names.map(() => expect.anything()) }] });
});

test('help and version load neither the AWS SDK, nor DuckDB, nor what reads a configuration', async () => {
  const run = async (...argv: string[]) => await ended(start(argv, WATCHED));
  const [version, help, ofVerb] = await Promise.all([run('--version'), run('--help'), run('sync', '--help')]);
  expect(version).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
  expect(help).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Commands:'), stderr: '' });
  expect(ofVerb).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('--follow'), stderr: '' });
});

test('a verb loads what it needs, and a reader that leaves early is no error', async () => {
  const child = start(['discover'], WATCHED);
  child.stdout.destroy();
  const { exitCode, stderr } = await ended(child);
  expect(exitCode).toBe(0);
  const lines = stderr.trimEnd().split('\n');
  expect(lines.filter((line) => line.includes('client-dynamodb'))).not.toEqual([]);
  expect(lines.filter((line) => !line.startsWith('loaded file://') || line.includes('duckdb'))).toEqual([]);
});
