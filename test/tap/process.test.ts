import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTable } from '../support/simulated-table.ts';
import {
  catalogFor,
  endOf,
  messagesOf,
  openTapPlace,
  ROOT,
  startTap,
  TAP_ENVIRONMENT,
  type TapPlace,
  tapArguments,
} from './run-tap.ts';

/** Tells on stderr of every module that is loaded. */
const LOAD_HOOKS = `
  import { writeSync } from 'node:fs';
  export async function load(url, context, next) {
    if (url.startsWith('file:')) writeSync(2, 'loaded ' + url + '\\n');
    return next(url, context);
  }`;
const REGISTER = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(LOAD_HOOKS))});`;
const WATCHED = ['--import', dataUrl(REGISTER)];

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** Tells on stderr of everybody who looks at process.stdout from now on. */
const STDOUT_TRAP = `
  import { writeSync } from 'node:fs';
  const { stdout } = process;
  Object.defineProperty(process, 'stdout', { get: () => (writeSync(2, 'stdout was touched\\n'), stdout) });`;
const TRAPPED = ['--import', dataUrl(STDOUT_TRAP)];

/** Paths of the modules that were loaded, without those of the loader. */
function loaded(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('loaded '))
    .map((line) => line.replace(/^loaded file:\/\//, '').replace(`${ROOT}/`, ''))
    .filter((path) => !/node_modules\/(tsx|esbuild|get-tsconfig)\//.test(path));
}

test('help and version load nothing but what prints them', async () => {
  const [help, version] = await Promise.all([
    endOf(startTap(['--help'], WATCHED)),
    endOf(startTap(['--version'], WATCHED)),
  ]);
  expect(help).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Usage: tap-dynamodb --config FILE/) });
  expect(version).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^tap-dynamodb \d+\.\d+\.\d+\n$/) });
  const own = ['bin/tap-dynamodb', 'tap/main', 'platform/package-version', 'tap/command-line'];
  for (const { stderr } of [help, version]) {
    expect(loaded(stderr).toSorted()).toEqual(own.map((name) => `src/${name}.ts`).toSorted());
  }
});

test.each([
  ['tap', '--help'],
  ['help', 'tap'],
])('`tributary %s %s` is of the same tap, and loads neither the AWS SDK nor DuckDB', async (...argv) => {
  const script = join(ROOT, 'src/bin/tributary.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', ...WATCHED, script, ...argv], { cwd: ROOT });
  const { exitCode, stdout, stderr } = await endOf(child);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^Usage: tributary tap --config/),
  });
  expect(loaded(stderr).filter((path) => /@(aws-sdk|smithy|duckdb)\/|src\/(server|load)\//.test(path))).toEqual([]);
});

describe('a reader of the messages', () => {
  /** More than the tap and the pipe hold together. */
  const ROWS = 12_000;
  const ROW_BYTES = 2_000;
  /** A page of a Scan at most. */
  const PAGE_BYTES = 1_000_000;
  let place: TapPlace;
  let argv: readonly string[];
  beforeEach(async () => {
    place = await openTapPlace();
    createTable(place.simulator, 'orders');
    const filler = { S: 'x'.repeat(ROW_BYTES) };
    const keys = Array.from({ length: ROWS }, (_, number) => `k${number}`);
    place.simulator.tables.putItems(
      'orders',
      keys.map((key) => ({ pk: { S: key }, filler })),
    );
    const catalog = catalogFor({ orders: { 'replication-method': 'FULL_TABLE' } });
    argv = ['--config', await place.config(), '--catalog', await place.file('catalog.json', catalog)];
  });
  afterEach(async () => {
    await place[Symbol.asyncDispose]();
  });

  /** Resolves when the text has come. */
  async function said(stderr: Readable, line: string): Promise<void> {
    let all = '';
    for await (const chunk of stderr.iterator({ destroyOnReturn: false })) {
      all += String(chunk);
      if (all.includes(line)) return;
    }
    throw new Error(`${line} never came: ${all}`);
  }

  const records = (stdout: string): number => messagesOf(stdout).filter(({ type }) => type === 'RECORD').length;

  /** The tap, writing into a pipe as a shell makes it. */
  function startInPipe() {
    const script = fileURLToPath(new URL('./tap-on-fd-3.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...argv], {
      ...{ cwd: ROOT, env: TAP_ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] },
    });
    const { stderr } = child;
    const messages = child.stdio[3];
    if (!(messages instanceof Readable && stderr !== null)) throw new Error('The tap has no pipes');
    return { child, messages, stderr };
  }

  test('that takes nothing stops neither signals nor a clean end: rows and their STATE come when it reads on', async () => {
    const { child, messages, stderr: log } = startInPipe();
    // From now on the pipe is full, and the tap waits.
    await once(messages, 'readable');
    const stopping = said(log, 'WARNING Stopping after SIGTERM');
    child.kill('SIGTERM');
    await stopping;
    // Others may write to the pipe, too, and do not expect to be refused.
    const flags = /flags:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/fdinfo/3`, 'utf8'))?.[1];
    expect(Number.parseInt(flags ?? '', 8) & constants.O_NONBLOCK).toBe(0);
    // What a run may hold in memory, and one page that is on its way.
    expect(place.simulator.requests.count({ action: 'Scan' })).toBeLessThan(18);
    const [stdout, stderr] = await Promise.all([text(messages), text(log), once(child, 'close')]);
    expect(child.exitCode, stderr).toBe(130);
    expect(stderr).toMatch(
      /^WARNING The tap was stopped by SIGTERM; the next run goes on from the last state, if the target has passed one on$/m,
    );
    expect(stdout.endsWith('\n')).toBe(true);
    expect(messagesOf(stdout).at(-1)).toMatchObject({ type: 'STATE' });

    const state = await place.file('state.json', messagesOf(stdout).at(-1)?.['value']);
    const next = await endOf(startTap([...argv, '--state', state]));
    expect(next.exitCode, next.stderr).toBe(0);
    const keys = messagesOf(`${stdout}${next.stdout}`).flatMap(({ record }) => JSON.stringify(record) ?? []);
    expect(new Set(keys).size).toBe(ROWS);
    // The clean end has repeated nothing.
    expect(keys).toHaveLength(ROWS);
  });

  test('that hangs does not hold up the second signal', async () => {
    const { child, messages, stderr } = startInPipe();
    await once(messages, 'readable');
    const stopping = said(stderr, 'WARNING Stopping after SIGINT');
    child.kill('SIGINT');
    await stopping;
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(child.signalCode).toBe('SIGTERM');
  });

  test('that is gone ends the run at once, with one line that says so', async () => {
    const child = startTap(argv, TRAPPED);
    await once(child.stdout, 'readable');
    child.stdout.destroy();
    const { exitCode, stderr } = await endOf(child);
    expect(exitCode).toBe(5);
    expect(stderr).not.toContain('stdout was touched');
    expect(stderr.split('\n').filter((line) => /^(CRITICAL|ERROR|WARNING)/.test(line))).toEqual([
      'WARNING orders: not read to its end',
      expect.stringMatching(/^CRITICAL The program that reads the messages has ended\. .* \(OUTPUT_CLOSED\)$/),
    ]);
    expect(place.simulator.requests.count({ action: 'Scan' })).toBeLessThan(20);
  });

  test('goes on when nobody reads the log any more', async () => {
    const child = startTap(argv);
    child.stderr.destroy();
    const { exitCode, stdout } = await endOf(child);
    expect(exitCode).toBe(0);
    expect(records(stdout)).toBe(ROWS);
  });

  test('gets all of them when the log is on a full disk', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, tapArguments(argv), {
      ...{ cwd: ROOT, env: TAP_ENVIRONMENT, stdio: ['ignore', 'pipe', full] },
    });
    closeSync(full);
    const { exitCode, stdout } = await endOf(child);
    expect(exitCode).toBe(0);
    expect(records(stdout)).toBe(ROWS);
  });

  test('that is slow is never more than a few pages behind what is read from the table', async () => {
    const child = startTap(argv);
    let stdout = '';
    let aheadBytes = 0;
    for await (const chunk of child.stdout) {
      stdout += String(chunk);
      const askedBytes = place.simulator.requests.count({ action: 'Scan' }) * PAGE_BYTES;
      aheadBytes = Math.max(aheadBytes, askedBytes - stdout.length);
      // The simulator shares this process: it may answer as often as something is read here.
      await new Promise(setImmediate);
    }
    expect(records(stdout)).toBe(ROWS);
    // What a run may hold in memory, and one page that is on its way: little of all that has passed through.
    expect(aheadBytes).toBeLessThan(18 * PAGE_BYTES);
    expect(stdout.length).toBeGreaterThan(23 * PAGE_BYTES);
  });
});
