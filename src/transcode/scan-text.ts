import { TapeFlag } from '../model/tape.ts';
import { BACKSLASH, QUOTE } from './json-bytes.ts';
import { refuse } from './refuse.ts';
import type { ScanState } from './scan-state.ts';
import { unescapedText } from './tape-text.ts';

/** Scans the string whose text begins at `at`; returns the position of its closing quote and leaves its flags. */
export function scanText(scan: ScanState, at: number): number {
  const { body } = scan;
  let seen = 0;
  let i = at;
  for (;;) {
    const c = body[i] as number;
    if (c === QUOTE) break;
    if (c === BACKSLASH) return scanEscapedText(scan, i, seen);
    // Also true behind the end of the body, where c is undefined.
    if (!(c >= 0x20)) refuse(body, i);
    seen |= c;
    i++;
  }
  scan.flags = seen > 0x7f ? TapeFlag.nonAscii : 0;
  return i;
}

/** Goes on from the first backslash. */
function scanEscapedText(scan: ScanState, at: number, seenBefore: number): number {
  const { body } = scan;
  let seen = seenBefore;
  let i = at;
  for (;;) {
    const c = body[i] as number;
    if (c === QUOTE) break;
    if (!(c >= 0x20)) refuse(body, i);
    i += c === BACKSLASH ? escapeLength(body, i) : 1;
    seen |= c;
  }
  scan.flags = TapeFlag.escaped | (seen > 0x7f ? TapeFlag.nonAscii : 0);
  return i;
}

function escapeLength(body: Buffer, at: number): number {
  const c = body[at + 1] as number;
  if (c !== LOWER_U) return SHORT_ESCAPES[c] === 1 ? 2 : refuse(body, at);
  for (let i = at + 2; i < at + 6; i++) if (HEX_DIGITS[body[i] as number] !== 1) refuse(body, at);
  return 6;
}

/** Scans the base64 text that begins at `at`; returns the position of its closing quote and leaves its flags. */
export function scanBase64(scan: ScanState, at: number): number {
  const { body } = scan;
  let i = at;
  while ((BASE64_DIGITS[body[i] as number] as number) > 0) i++;
  const lastDigit = BASE64_DIGITS[body[i - 1] as number] as number;
  let padding = 0;
  while (body[i] === EQUALS) {
    i++;
    padding++;
  }
  if (body[i] === BACKSLASH) return scanEscapedBase64(scan, at);
  if (body[i] !== QUOTE || ((i - at) & 3) !== 0 || padding > 2) refuse(body, i);
  // Bits of the last digit that belong to no byte are zero, so that one value has one text.
  if (padding > 0 && ((lastDigit - 1) & (padding === 1 ? 3 : 15)) !== 0) refuse(body, i);
  scan.flags = 0;
  return i;
}

/** Some encoders write `/` as `\/`. */
function scanEscapedBase64(scan: ScanState, at: number): number {
  const end = scanText(scan, at);
  const text = unescapedText(scan.body, at, end);
  if (Buffer.from(text, 'base64').toString('base64') !== text) refuse(scan.body, at);
  return end;
}

const LOWER_U = 0x75;
const EQUALS = 0x3d;
const SHORT_ESCAPES = tableOf('"\\/bfnrt', () => 1);
const HEX_DIGITS = tableOf('0123456789abcdefABCDEF', () => 1);
/** Value + 1 of each base64 digit; 0 for other bytes. */
const BASE64_DIGITS = tableOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', (value) => value + 1);

function tableOf(characters: string, valueAt: (index: number) => number): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = valueAt(i);
  return table;
}
