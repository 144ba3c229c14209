import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonStyle, styleArbitrary, valueArbitrary, writePage } from '../../test/support/item-arbitrary.ts';
import { canonicalText, exactNumber, jsonText, Members, plainDecimal, typed } from '../../test/support/oracle.ts';
import { Kind, TAPE_ENTRY_WORDS, TapeFlag, type TapePage } from '../model/tape.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { jsonTextOf } from './json-text.ts';
import { transcodeScanPage } from './scan-page.ts';
import {
  bigintOf,
  bytesOf,
  canonicalTextOf,
  doubleOf,
  hasLoneSurrogate,
  kindOf,
  nextIndex,
  plainDecimalOf,
  scaledBigintOf,
  textOf,
} from './value.ts';

/** A page of one item whose attributes hold the values, and the tape index of each value. */
function pageOf(values: readonly Members[], style: JsonStyle = LEAST): { page: TapePage; indexes: number[] } {
  const item = new Members(values.map((value, n) => [`a${n}`, value]));
  const { page } = transcodeScanPage(Buffer.from(writePage([item], style)), createAttributeDictionary([]));
  const indexes: number[] = [];
  for (let i = 0; i < page.tape.length; i = nextIndex(page, i + TAPE_ENTRY_WORDS)) indexes.push(i + TAPE_ENTRY_WORDS);
  return { page, indexes };
}

const LEAST: JsonStyle = { spaces: 'none', escapes: 'least', seed: 1 };

function valueWith(type: string, content: unknown): { page: TapePage; index: number } {
  const { page, indexes } = pageOf([new Members([[type, content]])]);
  return { page, index: indexes[0] ?? -1 };
}

describe('a value of the tape', () => {
  test('has the text, JSON text, number and bytes that the oracle gives', () => {
    fc.assert(
      fc.property(fc.array(valueArbitrary, { maxLength: 12 }), styleArbitrary, (values, style) => {
        const { page, indexes } = pageOf(values, style);
        expect(indexes).toHaveLength(values.length);
        for (const [n, value] of values.entries()) expectEqual(page, indexes[n] ?? -1, value);
      }),
      { numRuns: 800, seed: 11 },
    );
  });

  test('of type N is exact at every scale that holds it', () => {
    const { page, index } = valueWith('N', '-12345678901234567890.123456789');
    expect(scaledBigintOf(page, index, 9)).toBe(-12345678901234567890123456789n);
    expect(scaledBigintOf(page, index, 18)).toBe(-12345678901234567890123456789000000000n);
    expect(() => scaledBigintOf(page, index, 8)).toThrow('more than 8 digits');
  });

  test.each(['-9223372036854775808', '9223372036854775807', '0', '-1', '999999999999999', '1000000000000000'])(
    'of type N gives the integer %s',
    (text) => {
      const { page, index } = valueWith('N', text);
      expect(bigintOf(page, index)).toBe(BigInt(text));
    },
  );

  test('of type N never gives a negative zero', () => {
    for (const text of ['-0', '-0.0', '0', '-0E5']) {
      const { page, index } = valueWith('N', text);
      expect([doubleOf(page, index), plainDecimalOf(page, index)]).toEqual([0, '0']);
    }
  });

  test('of type S tells whether UTF-8 can hold it', () => {
    const isLone = (text: string): boolean => {
      const { page, index } = valueWith('S', text);
      return hasLoneSurrogate(page, index);
    };
    expect(['plain', '😀', 'a\u0000b', '\ud83d', '\ude00', 'x\ud83d\ud83dy', '\ude00\ud83d'].map(isLone)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });

  test('keeps its JSON text when many numbers of the page need a longer form', () => {
    const texts = Array.from({ length: 200 }, (_, n) => `+${n + 1}E120`);
    const { page, index } = valueWith('NS', texts);
    const expected = `[${texts.map(plainDecimal).join(',')}]`;
    expect(jsonTextOf(page, index)).toBe(expected);
    expect(jsonTextOf(page, index)).toBe(expected);
  });
});

function expectEqual(page: TapePage, index: number, value: Members): void {
  const [type, content] = typed(value);
  expect(jsonTextOf(page, index)).toBe(jsonText(value));
  if (type === 'NULL') return;
  expect(canonicalTextOf(page, index)).toBe(canonicalText(value));
  if (type === 'S') expect(textOf(page, index)).toBe(content);
  if (type === 'B') expect(bytesOf(page, index).toString('base64')).toBe(content);
  if (type === 'N') expectNumber(page, index, String(content));
  if (type === 'BOOL') expect(kindOf(page, index)).toBe(content === true ? Kind.true : Kind.false);
}

function expectNumber(page: TapePage, index: number, text: string): void {
  const { unscaled, scale } = exactNumber(text);
  const tag = page.tape[index] ?? 0;
  expect(plainDecimalOf(page, index)).toBe(plainDecimal(text));
  expect(doubleOf(page, index)).toBe(Number(plainDecimal(text)));
  expect((tag & TapeFlag.integer) !== 0).toBe(scale === 0);
  expect((tag & TapeFlag.notPlain) === 0).toBe(plainDecimal(text) === textOf(page, index) && !(tag & TapeFlag.escaped));
  expect(scaledBigintOf(page, index, scale)).toBe(unscaled);
  expect(scaledBigintOf(page, index, scale + 7)).toBe(unscaled * 10n ** 7n);
}
