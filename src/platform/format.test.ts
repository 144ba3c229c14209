import { expect, test } from 'vitest';
import {
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatTime,
  formatUnits,
  formatUsd,
  plural,
} from './format.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [12_345, '12.3 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [5_250_000_000, '5.25 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [12_340, '12.3 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 00 s'],
  [245_000, '4 min 05 s'],
  [3_599_600, '1 h 00 min'],
  [7_980_000, '2 h 13 min'],
  [86_400_000 * 3 + 3_600_000 * 4, '3 d 4 h'],
])('%d ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('counts, capacity, prices and rates keep the digits that matter', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect([formatUnits(0.5), formatUnits(12.345), formatUnits(1234.4)]).toEqual(['0.5', '12.3', '1,234']);
  expect([formatUsd(0), formatUsd(0.001234), formatUsd(12.5)]).toEqual(['$0', '$0.0012', '$12.50']);
  expect(formatByteRate(5_000_000, 500)).toBe('10.0 MB/s');
  expect(formatByteRate(5, 0)).toBe('0 B/s');
  expect(formatTime(Date.UTC(2026, 0, 31, 16, 44, 41, 159))).toBe('2026-01-31 16:44:41Z');
  expect([plural(1, 'table'), plural(0, 'table')]).toEqual(['1 table', '0 tables']);
});
