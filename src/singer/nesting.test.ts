import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isShallow } from './nesting.ts';

/** Brackets of lists and objects, so many one in the other. */
function nested(levels: number): unknown {
  let json: unknown = 1;
  for (let level = 0; level < levels; level++) json = level % 2 === 0 ? [2, json] : { first: 3, second: json };
  return json;
}

test.each([
  [0, true],
  [500, true],
  [501, false],
  [20_000, false],
])('of %i levels may be written: %s', (levels, expected) => {
  expect(isShallow(nested(levels))).toBe(expected);
});

test('whatever JSON usually is may be written', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 20 }), isShallow));
});
