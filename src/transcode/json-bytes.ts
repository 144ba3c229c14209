import { refuse } from './refuse.ts';

/** First byte at or behind `at` that is not JSON white space. */
export function skipSpace(body: Buffer, at: number): number {
  let i = at;
  while (body[i] === 0x20 || body[i] === 0x0a || body[i] === 0x0d || body[i] === 0x09) i++;
  return i;
}

/** Position behind `byte`, which comes next, white space aside. */
export function expectByte(body: Buffer, at: number, byte: number): number {
  const i = body[at] === byte ? at : skipSpace(body, at);
  if (body[i] !== byte) refuse(body, i);
  return i + 1;
}

/** Position of the closing quote of the string whose text begins at `at`. Checks nothing else. */
function endOfString(body: Buffer, at: number): number {
  let i = at;
  while (body[i] !== QUOTE) {
    if (i >= body.length) refuse(body, i);
    i += body[i] === BACKSLASH ? 2 : 1;
  }
  return i;
}

/** Position behind the JSON value at `at`, by its brackets and quotes only: JSON.parse of the range says whether it is one. */
export function endOfValue(body: Buffer, at: number): number {
  let depth = 0;
  let i = at;
  do {
    const c = body[i];
    if (c === QUOTE) i = endOfString(body, i + 1);
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
    i++;
    if (i > body.length) refuse(body, body.length);
  } while (depth > 0 || !isBehindValue(body[i]));
  return i;
}

function isBehindValue(c: number | undefined): boolean {
  return c === undefined || c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || c === COLON;
}

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
