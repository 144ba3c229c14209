import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import { standingOf } from '../../platform/process-identity.ts';
import { endLeftOver } from './left-over.ts';

const CHILD = fileURLToPath(new URL('../../../test/support/target-child.ts', import.meta.url));
const TARGET = fileURLToPath(new URL('../../../test/support/stand-in-target.mjs', import.meta.url));
const [STEPS, KEYS] = [30, 3];

let folder: string;
let state: string;
let into: string;
let children: ChildProcess[] = [];
let watchers: FSWatcher[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-kill-'));
  state = join(folder, 'singer', 'out');
  into = join(folder, 'loaded.jsonl');
  await mkdir(join(state, 'tables', 'shop'), { recursive: true });
});
afterEach(async () => {
  for (const watcher of watchers) watcher.close();
  for (const child of children) child.kill('SIGKILL');
  // A test that fails must leave no target behind.
  await endLeftOver(state, { patienceMs: 0, clock: systemClock, log: silentLogger });
  [children, watchers] = [[], []];
  await rm(folder, { recursive: true, force: true });
});

/** Starts a process that loads the table; resolves when it has ended, with its log. */
function startChild(args: readonly string[], exitTimeout = '60s') {
  const options = [folder, exitTimeout, TARGET, '--into', into, ...args];
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const log: string[] = [];
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  lines.on('line', (line) => log.push(line));
  return { child, lines, log, ended: once(child, 'close') };
}

/** Kills it when the nth file is named in the folder that matches. */
async function killedAtFile(at: string, pattern: RegExp, nth: number, args: readonly string[]): Promise<void> {
  const { child, ended } = startChild(args);
  let missing = nth;
  watchers.push(
    watch(at, (_, name) => {
      if (!pattern.test(name ?? '')) return;
      missing -= 1;
      if (missing === 0) child.kill('SIGKILL');
    }),
  );
  expect(await ended).toEqual([null, 'SIGKILL']);
}

async function killedAtLine(pattern: RegExp, args: readonly string[]): Promise<void> {
  const { child, lines, ended } = startChild(args);
  lines.on('line', (line) => {
    if (pattern.test(line)) child.kill('SIGKILL');
  });
  expect(await ended).toEqual([null, 'SIGKILL']);
}

/** The steps that each key was loaded with, in the order of loading. */
async function loadedSteps(): Promise<ReadonlyMap<string, readonly number[]>> {
  const steps = new Map<string, number[]>();
  for (const line of (await readFile(into, 'utf8')).trim().split('\n')) {
    const { record }: { readonly record?: { readonly id: string; readonly n: number } } = JSON.parse(line);
    if (record !== undefined) steps.set(record.id, [...(steps.get(record.id) ?? []), record.n]);
  }
  return steps;
}

it('has every row at least once and the newest last, wherever its loader was killed', async () => {
  // Slow, so that a target holds rows that are not loaded when its loader is killed.
  const args = ['--echo', 'each', '--slow-ms', '10'];
  // The process of the target exists and is not remembered; is remembered; has been told to start and speaks.
  await killedAtLine(/Starts node/, args);
  await killedAtFile(state, /^target\.json\..*tmp$/, 1, args);
  await killedAtFile(state, /^target\.json$/, 1, args);
  await killedAtLine(/accepted 3$/, args);
  // Bookmarks: before they are written whole, and right after.
  await killedAtFile(join(state, 'tables', 'shop'), /^orders\.json\..*tmp$/, 2, args);
  await killedAtFile(join(state, 'tables', 'shop'), /^orders\.json$/, 2, args);
  // So slow that the next target would be faster: what this one holds would come last.
  await killedAtLine(/accepted 29$/, ['--echo', 'eof', '--slow-ms', '40']);

  const { target: leftOver } = JSON.parse(await readFile(join(state, 'target.json'), 'utf8'));
  const { log, ended } = startChild(['--echo', 'each']);
  expect(await ended, log.join('\n')).toEqual([0, null]);
  expect(await standingOf(leftOver)).toBe('gone');
  const steps = await loadedSteps();
  expect([...steps.keys()].sort()).toEqual(Array.from({ length: KEYS }, (_, key) => `k${key}`));
  for (const loaded of steps.values()) {
    expect(new Set(loaded)).toEqual(new Set(Array.from({ length: STEPS }, (_, step) => step + 1)));
    expect(loaded.at(-1)).toBe(STEPS);
    // What comes again begins behind what was durable, and goes on in order.
    for (const [at, step] of loaded.entries()) expect(step).toBeLessThanOrEqual((loaded[at - 1] ?? 0) + 1);
  }
  expect(await readdir(state)).not.toContain('target.json');
});

it('is ended when its loader was killed and it does not end by itself', async () => {
  await killedAtLine(/accepted 3$/, ['--echo', 'never', '--linger']);
  const { target } = JSON.parse(await readFile(join(state, 'target.json'), 'utf8'));
  expect(target).toMatchObject({ pid: expect.any(Number) });
  const { log, ended } = startChild(['--echo', 'each'], '1s');
  expect(await ended, log.join('\n')).toEqual([0, null]);
  expect(log.some((line) => line.includes(`still runs as process ${target.pid}`))).toBe(true);
  const steps = await loadedSteps();
  for (const loaded of steps.values()) expect(loaded.at(-1)).toBe(STEPS);
});
