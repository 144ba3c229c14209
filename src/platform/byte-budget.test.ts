import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

const signal = new AbortController().signal;

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve().then(() => pending)])) === pending;
}

describe('ByteBudget', () => {
  test('grants while the capacity lasts and then in the order of asking', async () => {
    const budget = new ByteBudget(10);
    await budget.acquire(6, signal);
    const order: string[] = [];
    const large = budget.acquire(8, signal).then(() => order.push('large'));
    const small = budget.acquire(1, signal).then(() => order.push('small'));
    expect(await isPending(small)).toBe(true);
    budget.release(6);
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
    expect(budget.heldBytes).toBe(9);
  });

  test('a request above the whole capacity is granted alone instead of waiting for ever', async () => {
    const budget = new ByteBudget(10);
    await budget.acquire(25, signal);
    const next = budget.acquire(1, signal);
    expect(await isPending(next)).toBe(true);
    budget.release(25);
    await next;
  });

  test('says that somebody waits to those who hold memory that they could give back', async () => {
    const budget = new ByteBudget(10);
    await budget.acquire(10, signal);
    const unsubscribe = budget.onContention(() => budget.release(10));
    await budget.acquire(10, signal);
    expect(budget.isContended).toBe(false);
    unsubscribe();
    const unheard = budget.acquire(1, signal);
    expect(await isPending(unheard)).toBe(true);
    expect(budget.isContended).toBe(true);
    budget.release(10);
    await unheard;
  });

  test('an estimate that turns out smaller lets the next one in', async () => {
    const budget = new ByteBudget(10);
    await budget.acquire(10, signal);
    const next = budget.acquire(5, signal);
    budget.adjust(10, 4);
    await next;
    expect(budget.heldBytes).toBe(9);
  });

  test('an aborted wait holds nothing and does not block those behind it', async () => {
    const budget = new ByteBudget(10);
    await budget.acquire(5, signal);
    const controller = new AbortController();
    const first = budget.acquire(9, controller.signal);
    const second = budget.acquire(3, signal);
    controller.abort(new Error('stopped'));
    await expect(first).rejects.toThrow('stopped');
    await second;
    expect(budget.heldBytes).toBe(8);
  });

  test('whatever the order of asking and giving back, all are served and nothing is left held', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 }), async (sizes) => {
        const budget = new ByteBudget(20);
        let most = 0;
        await Promise.all(
          sizes.map(async (bytes) => {
            await budget.acquire(bytes, signal);
            most = Math.max(most, budget.heldBytes);
            await Promise.resolve();
            budget.release(bytes);
          }),
        );
        expect(budget.heldBytes).toBe(0);
        expect(most).toBeLessThanOrEqual(Math.max(20, ...sizes));
      }),
    );
  });
});
