import { expect, test } from 'vitest';
import { createRateMeter } from './rate-meter.ts';

test('says how many came a second, over the last ten seconds', () => {
  const rate = createRateMeter({ count: 100, atMs: 0 });
  expect(rate({ count: 100, atMs: 0 })).toBe(0);
  expect(rate({ count: 300, atMs: 1_000 })).toBe(200);
  expect(rate({ count: 1_100, atMs: 10_000 })).toBe(100);
  // What came before is forgotten: 100 in the ten seconds from then on.
  expect(rate({ count: 1_200, atMs: 20_000 })).toBe(10);
  expect(rate({ count: 1_200, atMs: 30_000 })).toBe(0);
});
