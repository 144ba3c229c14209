import { expect, it } from 'vitest';
import { createManualClock } from './manual-clock.ts';

const never = new AbortController().signal;

it('stands still until it is turned', async () => {
  const clock = createManualClock(1_000);
  const order: string[] = [];
  const late = clock.sleep(20, never).then(() => order.push('late'));
  const early = clock.sleep(10, never).then(() => order.push('early'));
  await clock.sleepers(2);
  clock.advance(9);
  await Promise.resolve();
  expect([clock.now(), order]).toEqual([1_009, []]);
  clock.advance(11);
  await Promise.all([late, early]);
  expect(order).toEqual(['early', 'late']);
});

it('ends a sleep with the reason of the signal', async () => {
  const clock = createManualClock();
  const stop = new AbortController();
  const sleep = clock.sleep(10, stop.signal);
  stop.abort(new Error('enough'));
  await expect(sleep).rejects.toThrow('enough');
  await expect(clock.sleep(10, stop.signal)).rejects.toThrow('enough');
});

it('tells a test when somebody has begun to sleep', async () => {
  const clock = createManualClock();
  const waiting = clock.sleepers(1);
  const sleep = clock.sleep(5, never);
  await waiting;
  clock.advance(5);
  await sleep;
});
