import { describe, expect, test } from 'vitest';
import { createManualClock } from '../../simulator/manual-clock.ts';
import { createCapacityBudget } from './capacity-budget.ts';

const signal = new AbortController().signal;

/** Reads pages one after the other for `seconds` of a table whose items cost `unitsPerItem`; returns units a second. */
async function consume(options: { max: number; unitsPerItem: number; seconds: number; readers: number }) {
  const clock = createManualClock(0);
  const budget = createCapacityBudget({ clock, maxUnitsPerSecond: options.max });
  const limits: number[] = [];
  let units = 0;
  const stop = new AbortController();
  const read = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const permit = await budget.acquire(stop.signal);
      const items = permit.limit ?? 10_000;
      limits.push(items);
      units += items * options.unitsPerItem;
      permit.settle({ capacityUnits: items * options.unitsPerItem, items });
    }
  };
  const readers = Array.from({ length: options.readers }, read);
  const stepMs = (options.seconds * 1000) / 600;
  for (let step = 0; step < 600; step += 1) {
    await settle();
    clock.advance(stepMs);
  }
  stop.abort();
  await Promise.allSettled(readers);
  return { unitsPerSecond: units / options.seconds, limits };
}

/** A budget without a limit of which so much was used. */
async function consumed(use: { unitsPerSecond: number; seconds: number }) {
  const clock = createManualClock(0);
  const budget = createCapacityBudget({ clock, maxUnitsPerSecond: null });
  for (let second = 0; second < use.seconds; second += 1) {
    (await budget.acquire(signal)).settle({ capacityUnits: use.unitsPerSecond, items: 200 });
    clock.advance(1_000);
  }
  return { budget, clock };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

describe('createCapacityBudget', () => {
  test.each([1, 8])('%i segments together stay at the budget and use it', async (readers) => {
    const { unitsPerSecond } = await consume({ max: 10, unitsPerItem: 0.1, seconds: 30, readers });
    expect(unitsPerSecond).toBeGreaterThan(8.5);
    expect(unitsPerSecond).toBeLessThan(11.5);
  });

  test('a page costs at most one second of the budget once the size of an item is known', async () => {
    const { limits } = await consume({ max: 10, unitsPerItem: 0.5, seconds: 60, readers: 1 });
    expect(limits[0]).toBe(100);
    expect(Math.max(...limits.slice(1))).toBeLessThanOrEqual(20);
  });

  test('an item that costs more than a second is still read, one at a time', async () => {
    const { limits, unitsPerSecond } = await consume({ max: 2, unitsPerItem: 50, seconds: 10_000, readers: 2 });
    expect(new Set(limits.slice(2))).toEqual(new Set([1]));
    expect(unitsPerSecond).toBeLessThan(3.1);
  });

  test('nothing waits and full pages are asked for without a limit', async () => {
    const budget = createCapacityBudget({ clock: createManualClock(0), maxUnitsPerSecond: null });
    expect((await budget.acquire(signal)).limit).toBeNull();
    expect(budget.unitsPerSecond).toBeNull();
  });

  test('a refusal halves the measured rate even without a limit, and it recovers step by step', async () => {
    const { budget, clock } = await consumed({ unitsPerSecond: 100, seconds: 5 });
    budget.throttled();
    expect(budget.unitsPerSecond).toBeCloseTo(50, 0);
    clock.advance(10_000);
    await budget.acquire(signal);
    expect(budget.unitsPerSecond).toBeCloseTo(50 * 1.05 ** 10, 0);
    clock.advance(600_000);
    await budget.acquire(signal);
    expect(budget.unitsPerSecond).toBeNull();
  });

  test('what was read while nothing limited is no debt when the first refusal comes', async () => {
    const { budget, clock } = await consumed({ unitsPerSecond: 1_000, seconds: 3_600 });
    const inFlight = await budget.acquire(signal);
    budget.throttled();
    inFlight.settle({ capacityUnits: 128, items: 200 });
    const startMs = clock.now();
    const next = budget.acquire(signal);
    await Promise.race([next, clock.sleepers(1)]);
    clock.advance(1);
    await next;
    expect(clock.now() - startMs).toBeLessThanOrEqual(1);
  });

  test('a burst of refusals of all requests in flight is one sign, refusals that go on are more', async () => {
    const { budget, clock } = await consumed({ unitsPerSecond: 2_000, seconds: 10 });
    for (let request = 0; request < 16; request += 1) budget.throttled();
    expect(budget.unitsPerSecond).toBeCloseTo(1_000, -2);
    clock.advance(1_000);
    budget.throttled();
    expect(budget.unitsPerSecond).toBeCloseTo(525, -2);
  });

  test('a refusal before anything was measured does not slow the table down to a crawl', () => {
    const budget = createCapacityBudget({ clock: createManualClock(0), maxUnitsPerSecond: null });
    budget.throttled();
    expect(budget.unitsPerSecond).toBe(64);
  });

  test('an endpoint that reports no capacity leaves the limit as it is', async () => {
    const budget = createCapacityBudget({ clock: createManualClock(0), maxUnitsPerSecond: 10 });
    (await budget.acquire(signal)).settle({ capacityUnits: 0, items: 100 });
    expect((await budget.acquire(signal)).limit).toBe(100);
  });

  test('a throttle never raises the rate above the limit, nor lowers it to nothing', () => {
    const clock = createManualClock(0);
    const budget = createCapacityBudget({ clock, maxUnitsPerSecond: 3 });
    for (let count = 0; count < 20; count += 1) {
      budget.throttled();
      clock.advance(1_000);
    }
    budget.throttled();
    expect(budget.unitsPerSecond).toBe(1);
  });

  test('a clock that jumps a day ahead grants one second of the budget, one that jumps back grants nothing', async () => {
    const clock = createManualClock(86_400_000);
    const budget = createCapacityBudget({ clock, maxUnitsPerSecond: 10 });
    (await budget.acquire(signal)).settle({ capacityUnits: 10, items: 100 });
    clock.advance(86_400_000);
    (await budget.acquire(signal)).settle({ capacityUnits: 10, items: 100 });
    const stopped = new AbortController();
    const waiting = budget.acquire(stopped.signal);
    stopped.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });

  test('a request that failed gives its share back', async () => {
    const clock = createManualClock(0);
    const budget = createCapacityBudget({ clock, maxUnitsPerSecond: 10 });
    (await budget.acquire(signal)).settle({ capacityUnits: 5, items: 50 });
    const failed = await budget.acquire(signal);
    failed.settle({ capacityUnits: 0, items: 0 });
    expect((await budget.acquire(signal)).limit).toBe(100);
  });
});
