import { copyBytes } from './copy-bytes.ts';

/**
 * Writes a JSON string that holds escapes the way JSON.stringify writes it, quotes included: `\/` and `\u0041` become
 * the characters themselves, so that one value has one text however it was escaped. Never longer than the source.
 */
export function writeCanonicalString(body: Buffer, start: number, end: number, out: Buffer, at: number): number {
  let w = at;
  out[w++] = QUOTE;
  let i = start;
  while (i < end) {
    let c = body[i] as number;
    if (c !== BACKSLASH) {
      out[w++] = c;
      i++;
      continue;
    }
    c = body[i + 1] as number;
    if (c === LOWER_U) {
      w = writeCodeUnit(body, i, end, out, w);
      i += isPairAt(body, i, end) ? 12 : 6;
    } else {
      if (c !== SLASH) out[w++] = BACKSLASH;
      out[w++] = c;
      i += 2;
    }
  }
  out[w++] = QUOTE;
  return w;
}

/** Writes what the `\uXXXX` at `i`, or the two of a surrogate pair, stand for. */
function writeCodeUnit(body: Buffer, i: number, end: number, out: Buffer, at: number): number {
  const length = isPairAt(body, i, end) ? 12 : 6;
  const character = JSON.parse(`"${body.toString('latin1', i, i + length)}"`) as string;
  // JSON.stringify knows the short escapes and writes lone surrogates as escapes, as UTF-8 has no bytes for them.
  const quoted = Buffer.from(JSON.stringify(character));
  return copyBytes(quoted, 1, quoted.length - 1, out, at);
}

/** Whether two escapes follow each other that are one character together. */
function isPairAt(body: Buffer, i: number, end: number): boolean {
  if (i + 12 > end || body[i + 6] !== BACKSLASH || body[i + 7] !== LOWER_U) return false;
  return (hexUnit(body, i + 2) & 0xfc00) === 0xd800 && (hexUnit(body, i + 8) & 0xfc00) === 0xdc00;
}

function hexUnit(body: Buffer, at: number): number {
  return Number.parseInt(body.toString('latin1', at, at + 4), 16);
}

const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
