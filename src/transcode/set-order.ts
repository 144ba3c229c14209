import { KIND_MASK, Kind, TAPE_ENTRY_WORDS, TapeFlag, type TapePage } from '../model/tape.ts';
import { compareDecimals, type Decimal, parseDecimal } from './decimal.ts';
import { isShortNumber, shortNumberOf } from './short-number.ts';
import { entryText } from './tape-text.ts';

/**
 * Tape indexes of the elements of a set in canonical order, because DynamoDB sets have none: numbers by value, strings and
 * base64 texts by code point (which is also the order of their UTF-8 bytes).
 */
export function sortSet(page: TapePage, index: number): readonly number[] {
  const elements: number[] = [];
  const end = page.tape[index + 2] as number;
  for (let i = index + TAPE_ENTRY_WORDS; i < end; i += TAPE_ENTRY_WORDS) elements.push(i);
  if (elements.length < 2) return elements;
  const isNumeric = ((page.tape[index] as number) & KIND_MASK) === Kind.NS;
  return isNumeric ? sortNumbers(page, elements) : elements.sort((a, b) => compareText(page, a, b));
}

function sortNumbers(page: TapePage, elements: number[]): readonly number[] {
  let isSorted = true;
  let previous = Number.NEGATIVE_INFINITY;
  for (const index of elements) {
    if (!isShortNumber(page, index)) return sortLongNumbers(page, elements);
    const value = shortNumberOf(page, index);
    isSorted &&= previous < value;
    previous = value;
  }
  return isSorted ? elements : elements.sort((a, b) => shortNumberOf(page, a) - shortNumberOf(page, b));
}

function sortLongNumbers(page: TapePage, elements: readonly number[]): number[] {
  return (
    elements
      .map((index) => ({ index, text: entryText(page, index) }))
      .map(({ index, text }) => ({ index, text, value: parseDecimal(text) ?? ZERO }))
      // DynamoDB holds no number twice in a set; if a body does, the texts decide.
      .sort((a, b) => compareDecimals(a.value, b.value) || compareCodePoints(a.text, b.text))
      .map(({ index }) => index)
  );
}

function compareText(page: TapePage, a: number, b: number): number {
  const { body, tape } = page;
  if ((((tape[a] as number) | (tape[b] as number)) & TapeFlag.escaped) !== 0) {
    return compareCodePoints(entryText(page, a), entryText(page, b));
  }
  let i = tape[a + 1] as number;
  let j = tape[b + 1] as number;
  const endOfA = tape[a + 2] as number;
  const endOfB = tape[b + 2] as number;
  while (i < endOfA && j < endOfB) {
    const difference = (body[i++] as number) - (body[j++] as number);
    if (difference !== 0) return difference;
  }
  return endOfA - i - (endOfB - j);
}

/** JavaScript compares UTF-16 units, which puts U+FFFF behind U+10000: surrogates are compared as what they stand for. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === length) return a.length - b.length;
  if (isSecondHalf(a, i) || isSecondHalf(b, i)) i--;
  return (a.codePointAt(i) ?? 0) - (b.codePointAt(i) ?? 0);
}

function isSecondHalf(text: string, i: number): boolean {
  return i > 0 && (text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800;
}

const ZERO: Decimal = { negative: false, digits: '', exponent: 0 };
