import {
  ATTRIBUTE_ID_SHIFT,
  type AttributeObservation,
  Kind,
  type Observed,
  ObservedKind,
  TAPE_ENTRY_WORDS,
  TapeFlag,
} from '../model/tape.ts';
import { isDoubleExact, parseDecimal, plainText } from './decimal.ts';
import { scanNumber } from './scan-number.ts';
import type { ScanState } from './scan-state.ts';
import { behindValue } from './scan-value.ts';
import { unescapedText } from './tape-text.ts';

/*
 * Type evidence of one page while it is scanned: ATTRIBUTE_WORDS words for each attribute id, kept from page to page as
 * memory only.
 */
const ATTRIBUTE_WORDS = 8;
const KINDS = 0;
const PRESENT_COUNT = 1;
const NULL_COUNT = 2;
const INTEGER_DIGITS = 3;
const SCALE = 4;
const BEYOND_INT64 = 5;
const DOUBLE_INEXACT = 6;
/** Row number + 1 of the row that had the attribute last. */
const LAST_ROW = 7;

export interface Observations {
  words: Int32Array;
}

export function createObservations(): Observations {
  return { words: new Int32Array(256 * ATTRIBUTE_WORDS) };
}

export function clearObservations(observations: Observations): void {
  observations.words.fill(0);
}

/**
 * Notes that a row has a value of the attribute: that at `index` of the tape, which was scanned last, so that a number's
 * digit counts are still in `scan`. False when the row had the attribute already. (Parameters,
 * not an object: one object for each value would be garbage.)
 */
export function observe(observations: Observations, scan: ScanState, id: number, row: number, index: number): boolean {
  const at = id * ATTRIBUTE_WORDS;
  if (at >= observations.words.length) lengthen(observations, at * 2);
  const { words } = observations;
  if (words[at + LAST_ROW] === row + 1) return false;
  words[at + LAST_ROW] = row + 1;
  words[at + PRESENT_COUNT] = (words[at + PRESENT_COUNT] as number) + 1;
  const kind = (scan.tape[index] as number) & 0xff;
  if (kind === KIND_NULL) words[at + NULL_COUNT] = (words[at + NULL_COUNT] as number) + 1;
  else words[at + KINDS] = (words[at + KINDS] as number) | (OBSERVED_KINDS[kind] as number);
  if (kind !== KIND_N) return true;
  const { integerDigits, scale } = scan;
  if (integerDigits > (words[at + INTEGER_DIGITS] as number)) words[at + INTEGER_DIGITS] = integerDigits;
  if (scale > (words[at + SCALE] as number)) words[at + SCALE] = scale;
  // Up to 15 significant digits every decimal survives a double, and int64 has 19.
  if (integerDigits + scale > 15) observeLongNumber(words, at, scan, index);
  return true;
}

/** As `observe`, for a value that was scanned some time before. */
export function observeAgain(
  observations: Observations,
  scan: ScanState,
  id: number,
  row: number,
  index: number,
): boolean {
  if (((scan.tape[index] as number) & 0xff) === KIND_N) scanNumber(scan, scan.tape[index + 1] as number);
  return observe(observations, scan, id, row, index);
}

function lengthen(observations: Observations, words: number): void {
  const longer = new Int32Array(words);
  longer.set(observations.words);
  observations.words = longer;
}

function observeLongNumber(words: Int32Array, at: number, scan: ScanState, index: number): void {
  const { integerDigits, scale } = scan;
  const mayExceed = scale === 0 && integerDigits > 18 && words[at + BEYOND_INT64] === 0;
  if (!mayExceed && words[at + DOUBLE_INEXACT] === 1) return;
  const text = numberText(scan, index);
  if (String(Number(text)) === text && !mayExceed) return;
  const decimal = parseDecimal(text);
  if (decimal === null) return;
  if (mayExceed && isBeyondInt64(BigInt(plainText(decimal)))) words[at + BEYOND_INT64] = 1;
  if (!isDoubleExact(decimal)) words[at + DOUBLE_INEXACT] = 1;
}

function numberText({ body, tape }: ScanState, index: number): string {
  const start = tape[index + 1] as number;
  const end = tape[index + 2] as number;
  const isEscaped = ((tape[index] as number) & TapeFlag.escaped) !== 0;
  return isEscaped ? unescapedText(body, start, end) : body.toString('latin1', start, end);
}

function isBeyondInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) !== value;
}

export function observedOf({ words }: Observations, attributeCount: number): Observed {
  const observed: (AttributeObservation | undefined)[] = [];
  for (let id = 0; id < attributeCount; id++) {
    const presentCount = words[id * ATTRIBUTE_WORDS + PRESENT_COUNT] ?? 0;
    observed.push(presentCount === 0 ? undefined : observationAt(words, id * ATTRIBUTE_WORDS));
  }
  return observed;
}

/** The observations of rows that were scanned some time before, with the tape of their page in `scan`. */
export function observeRows(scan: ScanState, rowStarts: Int32Array, attributeCount: number): Observed {
  const observations = createObservations();
  for (let row = 0; row < rowStarts.length - 1; row++) {
    const end = rowStarts[row + 1] as number;
    for (let i = rowStarts[row] as number; i < end; ) {
      const index = i + TAPE_ENTRY_WORDS;
      observeAgain(observations, scan, (scan.tape[i] as number) >>> ATTRIBUTE_ID_SHIFT, row, index);
      i = behindValue(scan.tape, index);
    }
  }
  return observedOf(observations, attributeCount);
}

function observationAt(words: Int32Array, at: number): AttributeObservation {
  return {
    kinds: words[at + KINDS] as number,
    presentCount: words[at + PRESENT_COUNT] as number,
    nullCount: words[at + NULL_COUNT] as number,
    integerDigits: words[at + INTEGER_DIGITS] as number,
    scale: words[at + SCALE] as number,
    beyondInt64: words[at + BEYOND_INT64] === 1,
    doubleExact: words[at + DOUBLE_INEXACT] === 0,
  };
}

/** Bit of ObservedKind by Kind; sets, maps and lists are all json. */
const OBSERVED_KINDS = new Uint8Array(16).fill(ObservedKind.json);
OBSERVED_KINDS[Kind.S] = ObservedKind.text;
OBSERVED_KINDS[Kind.N] = ObservedKind.number;
OBSERVED_KINDS[Kind.B] = ObservedKind.binary;
OBSERVED_KINDS[Kind.true] = ObservedKind.boolean;
OBSERVED_KINDS[Kind.false] = ObservedKind.boolean;

// Declared here because imports are slow in hot code, see scan-text.ts.
const KIND_N = Kind.N;
const KIND_NULL = Kind.null;
