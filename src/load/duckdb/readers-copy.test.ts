import { beforeEach, expect, test } from 'vitest';
import { createLogger } from '../../platform/logger.ts';
import { createManualClock, type ManualClock } from '../../simulator/manual-clock.ts';
import { createReadersCopy, type ReadersCopy } from './readers-copy.ts';

const { signal } = new AbortController();
let clock: ManualClock;
let closing: AbortController;
/** When copies were begun, in seconds since the start. */
let copies: number[];
let warnings: string[];
/** What each copy does. */
let publish: () => Promise<void>;
let copy: ReadersCopy;

beforeEach(() => {
  clock = createManualClock();
  const startMs = clock.now();
  closing = new AbortController();
  copies = [];
  warnings = [];
  publish = async () => {};
  copy = createReadersCopy({
    clock,
    signal: closing.signal,
    log: createLogger({ location: 'target', level: 'INFO', now: () => 0, write: (line) => warnings.push(line) }),
    publish: async () => {
      copies.push((clock.now() - startMs) / 1_000);
      await publish();
    },
  });
});

/** Resolves when the next copy is begun. */
const nextCopy = (): Promise<void> =>
  new Promise((resolve) => {
    publish = async () => resolve();
  });

test('is renewed after the first change, and once a minute while there are more', async () => {
  const first = nextCopy();
  copy.renewSoon();
  await first;
  for (const second of [60, 120]) {
    copy.renewSoon();
    copy.renewSoon();
    await clock.sleepers(1);
    clock.advance(59_999);
    expect(copies.at(-1)).toBe(second - 60);
    const next = nextCopy();
    clock.advance(1);
    await next;
    expect(copies.at(-1)).toBe(second);
  }
  await copy.complete(signal);
  expect(copies).toEqual([0, 60, 120]);
});

test('counts the minute from the renewal of a finished table', async () => {
  await copy.renewNow(signal);
  copy.renewSoon();
  await clock.sleepers(1);
  clock.advance(40_000);
  await copy.renewNow(signal);
  copy.renewSoon();
  clock.advance(20_000);
  await clock.sleepers(1);
  const next = nextCopy();
  clock.advance(40_000);
  await next;
  expect(copies).toEqual([0, 40, 100]);
});

test('is renewed once more for what changes while it is copied', async () => {
  publish = async () => copy.renewSoon();
  await copy.renewNow(signal);
  publish = async () => {};
  await copy.complete(signal);
  await copy.complete(signal);
  expect(copies).toHaveLength(2);
});

test('is never copied twice at once', async () => {
  let atOnce = 0;
  publish = async () => {
    atOnce += 1;
    await Promise.resolve();
    expect(atOnce).toBe(1);
    atOnce -= 1;
  };
  copy.renewSoon();
  await Promise.all([copy.renewNow(signal), copy.renewNow(signal), copy.complete(signal)]);
  expect(copies.length).toBeGreaterThan(0);
  expect(warnings).toEqual([]);
});

test('is tried again a minute after it failed, which is logged, also when the clock is set back', async () => {
  publish = async () => {
    throw new Error('the disk is full');
  };
  copy.renewSoon();
  await clock.sleepers(1);
  expect(warnings.join()).toContain('copy for readers is not up to date: the disk is full');
  const next = nextCopy();
  clock.advance(-3_600_000);
  clock.advance(60_000);
  copy.renewSoon();
  expect(copies).toEqual([0]);
  clock.advance(3_600_000);
  await next;
  await copy.complete(signal);
  expect(copies).toHaveLength(2);
});

test('is not renewed any more by itself after its signal', async () => {
  await copy.renewNow(signal);
  copy.renewSoon();
  await clock.sleepers(1);
  closing.abort();
  clock.advance(120_000);
  await expect(copy.complete(signal)).resolves.toBeUndefined();
  expect(copies).toEqual([0, 120]);
});
