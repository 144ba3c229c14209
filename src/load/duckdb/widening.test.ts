import { DuckDBInstance, listValue } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { exactNumber, plainDecimal } from '../../../test/support/oracle.ts';
import type { ColumnType } from '../../model/column-plan.ts';
import { sqlType } from './sql.ts';
import { castExpression } from './widening.ts';

const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

/** The texts of values that were stored in a column of one type after their way into another. */
async function widened(texts: readonly string[], from: ColumnType, to: ColumnType): Promise<unknown[]> {
  const reader = await connection.runAndReadAll(
    `SELECT CAST(${castExpression('c', from, to).sql} AS ${sqlType(to)})::VARCHAR
     FROM (SELECT CAST(v AS ${sqlType(from)}) AS c FROM unnest($1) AS t(v))`,
    [listValue([...texts])],
  );
  return reader.getRows().map(([value]) => value);
}

const bigint = { kind: 'bigint' } as const;
const text = { kind: 'text' } as const;
const double = { kind: 'double' } as const;
const integerText = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const scale = fc.constantFrom(0, 2, 9, 18, 24, 38);
/** Decimals of 38 digits in all and their scale. */
const decimals = fc.tuple(
  scale,
  fc.array(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), { minLength: 1, maxLength: 20 }),
);
const decimalText = (unscaled: bigint, digits: number): string => `${plainDecimal(`${unscaled}E-${digits}`)}`;
/** Doubles in the range of DynamoDB's numbers, small and great powers of ten among them. */
const doubleValue = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -130, max: 125 }).map((power) => Number(`1e${power}`)),
  )
  .filter((value) => value === 0 || (Math.abs(value) >= 1e-130 && Math.abs(value) < 1e126));

describe('a column that becomes wider', () => {
  it('keeps integers as decimal, double and text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(integerText, { minLength: 1, maxLength: 20 }), async (texts) => {
        expect(await widened(texts, bigint, text)).toEqual(texts);
        const decimal = await widened(texts, bigint, { kind: 'decimal', scale: 2 });
        expect(decimal).toEqual(texts.map((integer) => `${integer}.00`));
        const doubles = await widened(texts, bigint, double);
        expect(doubles.map(Number)).toEqual(texts.map(Number));
      }),
    );
  });

  it('keeps decimals as text without trailing zeros', async () => {
    await fc.assert(
      fc.asyncProperty(decimals, async ([digits, unscaled]) => {
        const texts = unscaled.map((value) => decimalText(value, digits));
        expect(await widened(texts, { kind: 'decimal', scale: digits }, text)).toEqual(texts);
      }),
    );
  });

  it('keeps decimals as the nearest double', async () => {
    await fc.assert(
      fc.asyncProperty(decimals, async ([digits, unscaled]) => {
        const texts = unscaled.map((value) => decimalText(value, digits));
        const doubles = await widened(texts, { kind: 'decimal', scale: digits }, double);
        expect(doubles.map((value) => exactNumber(String(Number(value))))).toEqual(
          texts.map((value) => exactNumber(String(Number(value)))),
        );
      }),
    );
  });

  it('keeps doubles as plain decimal text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(doubleValue, { minLength: 1, maxLength: 20 }), async (values) => {
        const texts = values.map((value) => plainDecimal(String(value)));
        expect(await widened(values.map(String), double, text)).toEqual(texts);
      }),
    );
  });

  it('keeps decimals in another scale, booleans and binary', async () => {
    const wide = await widened(['-1.5', '0', '99.25'], { kind: 'decimal', scale: 2 }, { kind: 'decimal', scale: 9 });
    expect(wide).toEqual(['-1.500000000', '0.000000000', '99.250000000']);
    expect(await widened(['true', 'false'], { kind: 'boolean' }, text)).toEqual(['true', 'false']);
    expect(await widened(['a\\x00\\xFF', ''], { kind: 'binary' }, text)).toEqual(['YQD/', '']);
  });

  it('is never narrowed', () => {
    expect(() => castExpression('c', text, bigint)).toThrow(expect.objectContaining({ code: 'BUG' }));
  });
});
