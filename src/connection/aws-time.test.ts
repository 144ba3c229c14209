import { expect, test } from 'vitest';
import { createAwsTime } from './aws-time.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');

/** Our clock, 90 s behind AWS. */
function clockBehind() {
  let nowMs = NOON - 90_000;
  return {
    clock: { now: () => nowMs },
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('is our clock before the first answer', () => {
  const { clock, pass } = clockBehind();
  const time = createAwsTime(clock);
  pass(250);
  expect(time.now()).toBe(NOON - 90_000 + 250);
});

test('goes on from the latest answer by our clock', () => {
  const { clock, pass } = clockBehind();
  const time = createAwsTime(clock);
  time.observe(NOON);
  pass(1_500);
  expect(time.now()).toBe(NOON + 1_500);
});

test('does not jump back within the second that a Date header stands for', () => {
  const { clock, pass } = clockBehind();
  const time = createAwsTime(clock);
  time.observe(NOON);
  pass(900);
  time.observe(NOON);
  expect(time.now()).toBe(NOON + 900);
});

test('an answer replaces our clock from the first one on, however close they are', () => {
  const time = createAwsTime({ now: () => NOON + 900 });
  time.observe(NOON);
  expect(time.now()).toBe(NOON);
});

test('follows an answer that is ahead, and one that shows a step of our clock', () => {
  const { clock, pass } = clockBehind();
  const time = createAwsTime(clock);
  time.observe(NOON);
  time.observe(NOON + 3_600_000);
  expect(time.now()).toBe(NOON + 3_600_000);
  pass(86_400_000);
  time.observe(NOON + 3_601_000);
  expect(time.now()).toBe(NOON + 3_601_000);
});
