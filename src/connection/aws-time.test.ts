import { expect, test } from 'vitest';
import { createAwsTime } from './aws-time.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');

/** AWS's clock, and ours, 90 s behind it. */
function twoClocks() {
  let awsMs = NOON;
  let behindMs = 90_000;
  const time = createAwsTime({ now: () => awsMs - behindMs });
  return {
    time,
    awsNow: () => awsMs,
    pass: (ms: number) => {
      awsMs += ms;
    },
    stepOurs: (ms: number) => {
      behindMs -= ms;
    },
    /** An answer that is stamped after so long, and arrives after so much more. */
    answer: ({ thereMs = 0, backMs = 0 }: { readonly thereMs?: number; readonly backMs?: number } = {}) => {
      const askedAtMs = awsMs - behindMs;
      awsMs += thereMs;
      const dateMs = Math.floor(awsMs / 1000) * 1000;
      awsMs += backMs;
      time.observe({ dateMs, askedAtMs });
    },
  };
}

test('is our clock before the first answer', () => {
  const { time, awsNow, pass } = twoClocks();
  pass(250);
  expect(time.now()).toBe(awsNow() - 90_000);
  expect(time.latest()).toBe(awsNow() - 90_000);
});

test('goes on from an answer by our clock', () => {
  const { time, answer, pass } = twoClocks();
  answer();
  pass(1_500);
  expect(time.now()).toBe(NOON + 1_500);
  expect(time.latest()).toBe(NOON + 2_500);
});

test('does not jump back within the second that a Date header stands for', () => {
  const { time, answer, pass } = twoClocks();
  answer();
  pass(900);
  answer();
  expect(time.now()).toBe(NOON + 900);
});

test('what is written before an answer arrives, however late, is before the latest time', () => {
  const { time, answer, awsNow } = twoClocks();
  answer({ thereMs: 300, backMs: 20_000 });
  expect(time.now()).toBe(NOON);
  expect(time.latest()).toBeGreaterThanOrEqual(awsNow());
});

test('an answer that was long on its way takes nothing from what is known', () => {
  const { time, answer, awsNow } = twoClocks();
  answer();
  answer({ backMs: 20_000 });
  expect(time.now()).toBe(awsNow());
});

test('several answers narrow the time down', () => {
  const { time, answer, pass, awsNow } = twoClocks();
  for (let index = 0; index < 10; index++) {
    answer({ thereMs: 5, backMs: 5 });
    pass(93);
  }
  answer();
  expect(time.latest() - time.now()).toBeLessThan(200);
  expect(time.now()).toBeLessThanOrEqual(awsNow());
  expect(time.latest()).toBeGreaterThanOrEqual(awsNow());
});

test.each([3_600_000, -3_600_000])('follows a step of our clock by %s ms with the next answer', (stepMs) => {
  const { time, answer, pass, stepOurs, awsNow } = twoClocks();
  answer();
  pass(500);
  stepOurs(stepMs);
  answer();
  expect(time.now()).toBe(NOON);
  expect(time.latest()).toBeGreaterThanOrEqual(awsNow());
  expect(time.latest()).toBeLessThanOrEqual(NOON + 2_000);
});
