import { beforeEach, expect, test } from 'vitest';
import { turningClock } from '../../../test/support/stream-following.ts';
import { createManualClock, type ManualClock } from '../../simulator/manual-clock.ts';
import { createDescribeRate, type DescribeRate } from './describe-rate.ts';

const { signal } = new AbortController();
let clock: ManualClock;
let rate: DescribeRate;

beforeEach(() => {
  clock = createManualClock();
  rate = createDescribeRate(clock);
});

test('who leaves the line lets nobody overtake', async () => {
  const leaving = new AbortController();
  const order: string[] = [];
  await rate.acquire(signal);
  const second = rate.acquire(signal).then(() => order.push('second'));
  const third = rate.acquire(leaving.signal);
  const fourth = rate.acquire(signal).then(() => order.push('fourth'));
  leaving.abort(new Error('left'));
  await expect(third).rejects.toThrow('left');
  expect(order).toEqual([]);
  await turningClock(clock, Promise.all([second, fourth]));
  expect(order).toEqual(['second', 'fourth']);
});

test('waits one interval at most when the clock is set back', async () => {
  await rate.acquire(signal);
  clock.advance(-3_600_000);
  await turningClock(clock, rate.acquire(signal));
  expect(clock.now()).toBe(createManualClock().now() - 3_600_000 + 125);
});
