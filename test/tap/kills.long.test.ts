import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom } from '../histories/random.ts';
import { createTable, NEW_IMAGES } from '../support/simulated-table.ts';
import { createStrictTarget } from '../support/strict-target.ts';
import { catalogFor, openTapPlace, startTap, type TapPlace } from './run-tap.ts';

const SEED = 20_261_123;
const KILLS = 50;
/** Several commits of several pages. */
const FULL_ROWS = 6_000;
const FOLLOWED_KEYS = 400;
const WRITES_BETWEEN_RUNS = 60;

const random = createRandom(SEED);
let place: TapPlace;
let argv: readonly string[];
/** What the tables hold: the revision of each item by its key. */
const held = { full: new Map<string, number>(), followed: new Map<string, number>() };
let revision = 0;

beforeAll(async () => {
  place = await openTapPlace({ enforceStreamLimits: false });
  createTable(place.simulator, 'full');
  createTable(place.simulator, 'followed', NEW_IMAGES);
  for (let number = 0; number < FULL_ROWS; number++) put('full', `k${number}`);
  for (let number = 0; number < FOLLOWED_KEYS; number++) put('followed', `k${number}`);
  const catalog = catalogFor({
    full: { 'replication-method': 'FULL_TABLE' },
    followed: { 'replication-method': 'LOG_BASED' },
  });
  argv = ['--config', await place.config(), '--catalog', await place.file('catalog.json', catalog)];
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

function put(table: keyof typeof held, key: string): void {
  revision += 1;
  const text = { S: 'x'.repeat(table === 'full' ? 2_000 : 50) };
  place.simulator.tables.putItems(table, [{ pk: { S: key }, revision: { N: String(revision) }, text }]);
  held[table].set(key, revision);
}

function change(): void {
  for (let write = 0; write < WRITES_BETWEEN_RUNS; write++) {
    const key = `k${random.integer(0, FOLLOWED_KEYS)}`;
    if (random.chance(0.3) && held.followed.has(key)) {
      place.simulator.tables.deleteItems('followed', [{ pk: { S: key } }]);
      held.followed.delete(key);
    } else put('followed', key);
  }
  if (random.chance(0.2)) place.simulator.streams.rollAll('followed');
}

type End = 'SIGTERM' | 'SIGKILL' | 'closed pipe' | null;

const target = createStrictTarget();

/** Runs the tap against the target; ends it when so many bytes or requests have come, unless it is done before. */
async function run(end: End, { bytes, requests }: { readonly bytes: number; readonly requests: number }) {
  const state = target.state === undefined ? [] : ['--state', await place.file('state.json', target.state)];
  const child = startTap([...argv, ...state]);
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  let isEnding = end === null;
  const stop = (): void => {
    if (isEnding) return;
    isEnding = true;
    if (end === 'closed pipe') child.stdout.destroy();
    else child.kill(end ?? 'SIGKILL');
  };
  let taken = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    taken += text.length;
    target.take(text);
    if (taken >= bytes) stop();
  });
  let seen = 0;
  const unhook = place.simulator.onRequest(() => {
    if (++seen >= requests) stop();
  });
  await once(child, 'close');
  unhook();
  target.end();
  return { exitCode: child.exitCode, signal: child.signalCode, stderr };
}

function expectComplete(): void {
  const live = (stream: string) =>
    [...target.rows(stream)].filter(([, { record }]) => (record['_sdc_deleted_at'] ?? null) === null);
  for (const stream of ['full', 'followed'] as const) {
    const rows = live(stream).map(([key, { record }]) => [key, record['revision']] as const);
    expect(new Map(rows)).toEqual(held[stream]);
  }
}

test(`after ${KILLS} ends at random moments, the last STATE and one more run give every row`, async () => {
  const ends = { done: 0, SIGTERM: 0, SIGKILL: 0, 'closed pipe': 0 };
  const isEnough = (): boolean => ends.SIGTERM + ends.SIGKILL + ends['closed pipe'] === KILLS;
  while (!isEnough()) {
    const end = random.oneOf(['SIGTERM', 'SIGKILL', 'closed pipe'] as const);
    const isByBytes = random.chance(0.5);
    const { exitCode, signal, stderr } = await run(end, {
      bytes: isByBytes ? random.integer(1, 9_000_000) : Number.POSITIVE_INFINITY,
      requests: isByBytes ? Number.POSITIVE_INFINITY : random.integer(1, 30),
    });
    expect(stderr, stderr).not.toMatch(/\bBUG\b/);
    if (exitCode === 0) {
      ends.done += 1;
      expectComplete();
      for (let write = 0; write < 20; write++) put('full', `k${random.integer(0, FULL_ROWS - 1)}`);
    } else {
      ends[end] += 1;
      if (end === 'SIGTERM') expect(exitCode ?? signal, stderr).toBeOneOf([130, 'SIGTERM']);
      else if (end === 'SIGKILL') expect(signal).toBe('SIGKILL');
      else expect(exitCode, stderr).toBe(5);
    }
    change();
  }
  const last = await run(null, { bytes: 0, requests: 0 });
  expect(last.exitCode, last.stderr).toBe(0);
  expectComplete();
  // Each kind of end has happened in the middle of something.
  for (const end of ['SIGTERM', 'SIGKILL', 'closed pipe'] as const) expect(ends[end]).toBeGreaterThan(5);
});
