import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDueQueue } from './due-queue.ts';

test('items come in the order in which they are due, equal ones as they were put in', () => {
  const puts = fc.array(fc.tuple(fc.nat(20), fc.nat(1_000)), { maxLength: 200 });
  fc.assert(
    fc.property(puts, (entries) => {
      const queue = createDueQueue<number>();
      const latest = new Map<number, { dueAtMs: number; order: number }>();
      entries.forEach(([item, dueAtMs], order) => {
        queue.set(item, dueAtMs);
        latest.set(item, { dueAtMs, order });
      });
      const expected = [...latest].sort(([, a], [, b]) => a.dueAtMs - b.dueAtMs || a.order - b.order);
      for (const [item, { dueAtMs }] of expected) {
        expect(queue.nextDueMs()).toBe(dueAtMs);
        expect(queue.take(dueAtMs - 1)).toBeNull();
        expect(queue.take(dueAtMs)).toBe(item);
      }
      expect(queue.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

test('an item that is far ahead because the clock was set back is due', () => {
  const queue = createDueQueue<string>();
  queue.set('a', 7_200_000);
  expect(queue.take(7_190_000)).toBeNull();
  expect(queue.take(0)).toBe('a');
});
