import { KIND_MASK, Kind, TAPE_ENTRY_WORDS, TapeFlag, type TapePage } from '../model/tape.ts';
import { TributaryError } from '../platform/errors.ts';
import { type Decimal, parseDecimal, plainText } from './decimal.ts';
import { jsonTextOf } from './json-text.ts';
import { isShortNumber, scaledShortNumberOf, shortNumberOf } from './short-number.ts';
import { entryText } from './tape-text.ts';
import { isIllFormed } from './well-formed.ts';

/*
 * Single values of a page. `index` is always the tape index of a value's entry (not of its attribute entry). Reading a
 * value of another kind than the function is for gives nonsense: look at `kindOf` first.
 */

export function kindOf(page: TapePage, index: number): number {
  return (page.tape[index] as number) & KIND_MASK;
}

/** Tape index of the entry behind the value and everything in it. */
export function nextIndex(page: TapePage, index: number): number {
  const isContainer = kindOf(page, index) >= Kind.M;
  return isContainer ? (page.tape[index + 2] as number) : index + TAPE_ENTRY_WORDS;
}

/** The text of an S, unescaped. May hold U+0000 and, where the item did, lone surrogates: see `hasLoneSurrogate`. */
export function textOf(page: TapePage, index: number): string {
  return entryText(page, index);
}

/**
 * Whether the S holds half of a surrogate pair, which no UTF-8 text can hold: writing it somewhere would change it. Only
 * escapes can bring one in, because the body itself is valid UTF-8.
 */
export function hasLoneSurrogate(page: TapePage, index: number): boolean {
  if (((page.tape[index] as number) & TapeFlag.escaped) === 0) return false;
  return isIllFormed(entryText(page, index));
}

/** The bytes of a B, in memory of their own. */
export function bytesOf(page: TapePage, index: number): Buffer {
  return Buffer.from(entryText(page, index), 'base64');
}

/** The canonical plain decimal text of an N: digits, at most one point, no exponent, nothing superfluous. */
export function plainDecimalOf(page: TapePage, index: number): string {
  const text = entryText(page, index);
  return ((page.tape[index] as number) & TapeFlag.notPlain) === 0 ? text : plainText(decimalOf(text));
}

/** The nearest double to an N; zero is never negative. */
export function doubleOf(page: TapePage, index: number): number {
  return isShortNumber(page, index) ? shortNumberOf(page, index) : Number(entryText(page, index)) + 0;
}

/** An N that is an integer (`TapeFlag.integer`), exact. */
export function bigintOf(page: TapePage, index: number): bigint {
  return scaledBigintOf(page, index, 0);
}

/** An N times 10^`scale`, exact: what a DECIMAL of that scale stores. The N has at most `scale` digits behind the point. */
export function scaledBigintOf(page: TapePage, index: number, scale: number): bigint {
  const short = isShortNumber(page, index) ? scaledShortNumberOf(page, index, scale) : undefined;
  if (short !== undefined) return BigInt(short);
  const { negative, digits, exponent } = decimalOf(entryText(page, index));
  if (exponent + scale < 0) {
    throw new TributaryError('BUG', `A number has more than ${scale} digits behind its point`, { context: { index } });
  }
  const magnitude = BigInt(digits + '0'.repeat(exponent + scale));
  return negative ? -magnitude : magnitude;
}

/**
 * What a text column holds for a value of any kind: an S as it is, an N in canonical plain form, `true` and `false`, a B
 * as base64, containers as their JSON text. NULL has no text: the column is NULL.
 */
export function canonicalTextOf(page: TapePage, index: number): string {
  const kind = kindOf(page, index);
  if (kind === Kind.S || kind === Kind.B) return entryText(page, index);
  return kind === Kind.N ? plainDecimalOf(page, index) : jsonTextOf(page, index);
}

function decimalOf(text: string): Decimal {
  const decimal = parseDecimal(text);
  if (decimal === null) throw new TributaryError('BUG', 'The tape holds a number that its scanner should have refused');
  return decimal;
}
