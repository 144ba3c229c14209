import type { TapePage } from '../model/tape.ts';
import type { AttributeDictionary } from './attribute-names.ts';
import { expectByte, skipSpace } from './json-bytes.ts';
import { refuse } from './refuse.ts';
import { beginPage, endPage, scanRow } from './scan-row.ts';

/** Scans the array of items that begins at `at`. */
export function scanItems(body: Buffer, at: number, names: AttributeDictionary): { page: TapePage; end: number } {
  beginPage(body, names);
  let i = skipSpace(body, expectByte(body, at, OPEN_BRACKET));
  if (body[i] !== CLOSE_BRACKET) {
    for (;;) {
      i = scanRow(i, names);
      if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
      if (body[i] !== COMMA) break;
      i++;
    }
    if (body[i] !== CLOSE_BRACKET) refuse(body, i);
  }
  return { page: endPage(names), end: i + 1 };
}

/** A page without items, for answers that carry none. */
export function emptyPage(body: Buffer, names: AttributeDictionary): TapePage {
  beginPage(body, names);
  return endPage(names);
}

// Declared here because imports are slow in hot code, see scan-text.ts.
const SPACE = 0x20;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
