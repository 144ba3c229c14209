import { expect, test } from 'vitest';
import { suggestion } from './suggestion.ts';

test.each([
  ['regin', 'region'],
  ['shpo', 'shop'],
  ['Tabels', 'tables'],
  ['xyz', null],
  ['', null],
])('%s suggests %s', (word, expected) => {
  expect(suggestion(word, ['region', 'shop', 'tables', 'credentials'])).toBe(expected);
});
