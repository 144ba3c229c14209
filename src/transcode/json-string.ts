import type { JsonWriter } from './json-writer.ts';

/**
 * Writes a JSON string that holds escapes the way JSON.stringify writes it, quotes included: `\/` and `\u0041` become
 * the characters themselves, so that one value has one text however it was escaped. Never longer than the source.
 */
export function writeCanonicalString(writer: JsonWriter, start: number, end: number, at: number): number {
  const { source, target } = writer;
  const { body } = writer.page;
  let w = at;
  writer.bytes[w++] = QUOTE;
  let i = start;
  while (i < end) {
    // Four bytes at once, as in scan-text.ts: copied first, then taken back from the backslash on, if there is one.
    if (i <= end - 4) {
      const word = source.getInt32(i, true);
      target.setInt32(w, word, true);
      const special = ((word ^ BACKSLASHES) - ONES) & ~word & HIGH_BITS;
      const copied = special === 0 ? 4 : (31 - Math.clz32(special & -special)) >> 3;
      i += copied;
      w += copied;
      if (special === 0) continue;
    } else if (body[i] !== BACKSLASH) {
      writer.bytes[w++] = body[i++] as number;
      continue;
    }
    const c = body[i + 1] as number;
    if (c === LOWER_U) {
      const length = isPairAt(body, i, end) ? 12 : 6;
      w = writeUnicodeEscape(writer, i, i + length, w);
      i += length;
    } else {
      if (c !== SLASH) writer.bytes[w++] = BACKSLASH;
      writer.bytes[w++] = c;
      i += 2;
    }
  }
  writer.bytes[w++] = QUOTE;
  return w;
}

/** Writes what the `\uXXXX` between the positions, or the two of a surrogate pair, stand for. */
function writeUnicodeEscape(writer: JsonWriter, start: number, end: number, at: number): number {
  const character = JSON.parse(`"${writer.page.body.toString('latin1', start, end)}"`) as string;
  // JSON.stringify knows the short escapes and writes lone surrogates as escapes, as UTF-8 has no bytes for them.
  return at + writer.bytes.write(JSON.stringify(character).slice(1, -1), at, 'utf8');
}

/** Whether two escapes follow each other that are one character together. */
function isPairAt(body: Buffer, i: number, end: number): boolean {
  if (i + 12 > end || body[i + 6] !== BACKSLASH || body[i + 7] !== LOWER_U) return false;
  return (hexUnit(body, i + 2) & 0xfc00) === 0xd800 && (hexUnit(body, i + 8) & 0xfc00) === 0xdc00;
}

function hexUnit(body: Buffer, at: number): number {
  return Number.parseInt(body.toString('latin1', at, at + 4), 16);
}

const HIGH_BITS = 0x80808080 | 0;
const ONES = 0x01010101;
const BACKSLASHES = 0x5c5c5c5c;
const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
