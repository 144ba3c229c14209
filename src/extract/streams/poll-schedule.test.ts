import { expect, test } from 'vitest';
import { createManualClock } from '../../simulator/manual-clock.ts';
import { createPollSchedule } from './poll-schedule.ts';

const stopped = new Error('stopped');

test('a busy item does not starve those that are due now and then', async () => {
  const clock = createManualClock(0);
  const stop = new AbortController();
  const polls: string[] = [];
  const schedule = createPollSchedule<string>({
    clock,
    concurrency: 1,
    poll: async (item) => {
      polls.push(item);
      // Every poll takes 10 ms, so one item alone could keep it busy.
      clock.advance(10);
      if (clock.now() >= 1_000) stop.abort(stopped);
      return item === 'busy' ? 0 : 100;
    },
  });
  for (const item of ['busy', 'a', 'b', 'c']) schedule.add(item);
  await expect(schedule.run(stop.signal)).rejects.toBe(stopped);
  for (const item of ['a', 'b', 'c'])
    expect(polls.filter((polled) => polled === item).length).toBeGreaterThanOrEqual(8);
  expect(polls.filter((polled) => polled === 'busy').length).toBeGreaterThan(50);
});

test('so many polls are under way at once and no more, never two of one item', async () => {
  const clock = createManualClock(0);
  const stop = new AbortController();
  const underWay = new Set<number>();
  let most = 0;
  let count = 0;
  const schedule = createPollSchedule<number>({
    clock,
    concurrency: 3,
    poll: async (item) => {
      expect(underWay.has(item)).toBe(false);
      underWay.add(item);
      most = Math.max(most, underWay.size);
      schedule.add(item);
      await new Promise((resolve) => setImmediate(resolve));
      underWay.delete(item);
      count += 1;
      if (count === 100) stop.abort(stopped);
      return 1_000;
    },
  });
  for (let item = 0; item < 10; item++) schedule.add(item);
  await expect(schedule.run(stop.signal)).rejects.toBe(stopped);
  expect(most).toBe(3);
  expect(underWay.size).toBe(0);
});

test('an item that is done with is not polled again', async () => {
  const clock = createManualClock(0);
  const stop = new AbortController();
  const polls: string[] = [];
  const schedule = createPollSchedule<string>({
    clock,
    concurrency: 2,
    poll: async (item) => {
      polls.push(item);
      return item === 'done' ? null : 500;
    },
  });
  schedule.add('done');
  schedule.add('goes on');
  const running = schedule.run(stop.signal);
  for (let turn = 0; turn < 3; turn++) {
    await clock.sleepers(1);
    clock.advance(500);
  }
  await clock.sleepers(1);
  stop.abort(stopped);
  await expect(running).rejects.toBe(stopped);
  expect(polls).toEqual(['done', 'goes on', 'goes on', 'goes on', 'goes on']);
});
