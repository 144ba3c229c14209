import { TapeFlag } from '../model/tape.ts';
import { fitsDynamoDb, parseDecimal, plainText } from './decimal.ts';
import { refuse } from './refuse.ts';
import type { ScanState } from './scan-state.ts';
import { scanText } from './scan-text.ts';
import { unescapedText } from './tape-text.ts';

/** No number that DynamoDB holds needs more in any notation without useless zeros; keeps bad input cheap. */
const MAX_NUMBER_BYTES = 512;

/**
 * Scans the N text that begins at `at`; returns the position of its closing quote and leaves flags and digit counts. Plain
 * decimals are judged byte by byte, anything else (exponents, useless zeros, plus signs) by its value.
 */
export function scanNumber(scan: ScanState, at: number): number {
  const { body } = scan;
  const first = body[at] === MINUS ? at + 1 : at;
  let i = endOfDigits(scan, first);
  let integerDigits = i - first;
  if (integerDigits === 0) return scanUnusualNumber(scan, at);
  const startsWithZero = body[first] === ZERO;
  if (startsWithZero) {
    if (integerDigits > 1) return scanUnusualNumber(scan, at);
    integerDigits = 0;
  }
  let scale = 0;
  if (body[i] === POINT) {
    const fraction = i + 1;
    i = endOfDigits(scan, fraction);
    scale = i - fraction;
    if (scale === 0 || body[i - 1] === ZERO) return scanUnusualNumber(scan, at);
  } else if (startsWithZero && first !== at) return scanUnusualNumber(scan, at);
  if (body[i] !== QUOTE || integerDigits + scale > 38) return scanUnusualNumber(scan, at);
  scan.flags = scale === 0 ? INTEGER : 0;
  scan.integerDigits = integerDigits;
  scan.scale = scale;
  return i;
}

function scanUnusualNumber(scan: ScanState, at: number): number {
  const { body } = scan;
  const end = scanText(scan, at);
  if (end - at > MAX_NUMBER_BYTES) refuse(body, at);
  const text = unescapedText(body, at, end);
  const decimal = parseDecimal(text);
  if (decimal === null || !fitsDynamoDb(decimal)) return refuse(body, at);
  const { digits, exponent } = decimal;
  const isPlain = scan.flags === 0 && plainText(decimal) === text;
  scan.flags |= (isPlain ? 0 : TapeFlag.notPlain) | (exponent >= 0 ? TapeFlag.integer : 0);
  scan.integerDigits = digits === '' ? 0 : Math.max(0, digits.length + exponent);
  scan.scale = Math.max(0, -exponent);
  return end;
}

/** Position of the first byte that is no digit. */
function endOfDigits({ body, view }: ScanState, at: number): number {
  let i = at;
  const lastWord = view.byteLength - 4;
  while (i <= lastWord) {
    const word = view.getInt32(i, true);
    // All four are digits: each high half is 3, and stays so when 6 is added to the low half.
    if (((word & HIGH_HALVES) | (((word + SIXES) & HIGH_HALVES) >>> 4)) !== THREES) break;
    i += 4;
  }
  // A byte behind the end of the body is undefined: no comparison with it holds.
  while ((body[i] as number) >= ZERO && (body[i] as number) <= NINE) i++;
  return i;
}

// Declared here because imports are slow in hot code, see scan-text.ts.
const QUOTE = 0x22;
const INTEGER = TapeFlag.integer;
const HIGH_HALVES = 0xf0f0f0f0 | 0;
const SIXES = 0x06060606;
const THREES = 0x33333333;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
