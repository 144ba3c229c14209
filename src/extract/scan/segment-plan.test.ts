import { describe, expect, test } from 'vitest';
import { mayBeOnePage, planSegments } from './segment-plan.ts';

const MB = 1024 * 1024;

describe('planSegments', () => {
  test.each([
    ['an empty table whose first page ends it', { itemCount: 0, sizeBytes: 0 }, true, 1],
    ['a small table whose first page ends it', { itemCount: 9_999, sizeBytes: 5 * MB }, true, 1],
    ['a table that only looks small because its counts are hours old', { itemCount: 0, sizeBytes: 0 }, false, 8],
    ['10,000 items, whatever the first page says', { itemCount: 10_000, sizeBytes: 1 * MB }, true, 8],
    ['a middling table', { itemCount: 1e6, sizeBytes: 2_000 * MB }, false, 8],
    ['one segment for each 256 MB', { itemCount: 1e8, sizeBytes: 25_600 * MB }, false, 100],
    ['a started 256 MB', { itemCount: 1e8, sizeBytes: 25_600 * MB + 1 }, false, 101],
    ['no more than 4096', { itemCount: 1e10, sizeBytes: 1e14 }, false, 4096],
  ])('%s', (_name, size, firstPageEndsTable, segments) => {
    expect(planSegments(size, firstPageEndsTable)).toBe(segments);
  });

  test('a first page is worth asking for below 10,000 items only', () => {
    expect(mayBeOnePage({ itemCount: 9_999, sizeBytes: 1 })).toBe(true);
    expect(mayBeOnePage({ itemCount: 10_000, sizeBytes: 1 })).toBe(false);
  });
});
