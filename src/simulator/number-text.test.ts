import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalNumber, numberSizeBytes, sortableNumber } from './number-text.ts';

/** A decimal as an exact fraction: the oracle of equality and order. */
interface Fraction {
  readonly digits: bigint;
  readonly exponent: number;
}

const decimal = fc.record({
  digits: fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
  exponent: fc.integer({ min: -90, max: 87 }),
});
const small = fc.record({ digits: fc.bigInt({ min: -30n, max: 30n }), exponent: fc.integer({ min: -2, max: 2 }) });

const text = ({ digits, exponent }: Fraction): string => `${digits}e${exponent}`;
/** Scaled to a common power of ten. */
const scaled = ({ digits, exponent }: Fraction): bigint => digits * 10n ** BigInt(exponent + 200);

function fromPlain(plain: string): bigint {
  const [whole = '', fraction = ''] = plain.split('.');
  return BigInt(whole + fraction) * 10n ** BigInt(200 - fraction.length);
}

it('keeps the exact value of every number', () => {
  fc.assert(
    fc.property(fc.oneof(decimal, small), (number) => {
      const plain = canonicalNumber(text(number));
      expect(fromPlain(plain)).toBe(scaled(number));
      expect(plain).toMatch(/^(?:0|-?(?:[1-9]\d*|0\.\d*[1-9]|[1-9]\d*\.\d*[1-9]))$/);
      expect(canonicalNumber(plain)).toBe(plain);
    }),
  );
});

it('sorts as the numbers do', () => {
  fc.assert(
    fc.property(fc.oneof(decimal, small), fc.oneof(decimal, small), (a, b) => {
      const [left, right] = [sortableNumber(text(a)), sortableNumber(text(b))];
      const byValue = scaled(a) < scaled(b) ? -1 : scaled(a) > scaled(b) ? 1 : 0;
      expect(left < right ? -1 : left > right ? 1 : 0).toBe(byValue);
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ['0', 1],
  ['1', 2],
  ['12', 2],
  ['123', 3],
  ['-1', 3],
  ['1000000', 2],
  ['0.0001', 2],
])('counts %s as %i bytes', (number, bytes) => {
  expect(numberSizeBytes(number)).toBe(bytes);
});
