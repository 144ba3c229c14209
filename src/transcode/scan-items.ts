import { ATTRIBUTE_ID_SHIFT, Kind, MAX_ATTRIBUTE_IDS, TapeFlag, type TapePage } from '../model/tape.ts';
import type { AttributeDictionary } from './attribute-names.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  expectByte,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from './json-bytes.ts';
import { clearObservations, createObservations, observeAttribute, observedOf, observeValue } from './observations.ts';
import { refuse } from './refuse.ts';
import { createScanState } from './scan-state.ts';
import { scanText } from './scan-text.ts';
import { pushEntry, scanValue } from './scan-value.ts';
import { unescapedText } from './tape-text.ts';

/** Scans the array of items that begins at `at`. */
export function scanItems(body: Buffer, at: number, names: AttributeDictionary): { page: TapePage; end: number } {
  beginPage(body);
  let i = skipSpace(body, expectByte(body, at, OPEN_BRACKET));
  let rowCount = 0;
  if (body[i] !== CLOSE_BRACKET) {
    for (;;) {
      rowStarts[rowCount] = scan.top;
      i = scanItem(i, rowCount, names);
      rowCount++;
      if (body[i] !== COMMA) i = skipSpace(body, i);
      if (body[i] !== COMMA) break;
      i++;
    }
    if (body[i] !== CLOSE_BRACKET) refuse(body, i);
  }
  rowStarts[rowCount] = scan.top;
  const page = {
    body,
    tape: scan.tape.slice(0, scan.top),
    rowStarts: rowStarts.slice(0, rowCount + 1),
    rowCount,
    attributes: names,
    observed: observedOf(observations, names.size),
  };
  scan.body = NO_BODY;
  return { page, end: i + 1 };
}

/** A page without items, for answers that carry none. */
export function emptyPage(body: Buffer, names: AttributeDictionary): TapePage {
  const observed = observedOf({ words: new Int32Array(0) }, names.size);
  return { body, tape: new Int32Array(0), rowStarts: new Int32Array(1), rowCount: 0, attributes: names, observed };
}

const NO_BODY = Buffer.alloc(0);
const scan = createScanState();
const observations = createObservations();
let rowStarts = new Int32Array(0);
/**
 * Items of a table list their attributes in nearly the same order, so the attribute behind another is guessed to be the one
 * that was there last time: by id + 1, 0 for the first of an item. A guess of another table only costs a comparison.
 */
const guesses = new Int32Array(MAX_ATTRIBUTE_IDS + 1);

function beginPage(body: Buffer): void {
  scan.body = body;
  scan.top = 0;
  if (scan.tape.length < body.length) scan.tape = new Int32Array(body.length);
  // An item takes at least the three bytes `{},`.
  const mostRows = Math.ceil(body.length / 3);
  if (rowStarts.length <= mostRows) rowStarts = new Int32Array(mostRows + 1);
  clearObservations(observations);
}

function scanItem(at: number, row: number, names: AttributeDictionary): number {
  const { body } = scan;
  let i = skipSpace(body, expectByte(body, at, OPEN_BRACE));
  if (body[i] === CLOSE_BRACE) return i + 1;
  let previousId = -1;
  for (;;) {
    const start = expectByte(body, i, QUOTE);
    const end = scanAttribute(start, previousId, names);
    const id = attributeId;
    if (!observeAttribute(observations, id, row)) refuse(body, start);
    pushEntry(scan, (id << ATTRIBUTE_ID_SHIFT) | Kind.attribute | scan.flags, start, end);
    const index = scan.top;
    i = scanValue(scan, expectByte(body, end + 1, COLON), 0);
    observeValue(observations, id, scan, index);
    previousId = id;
    if (body[i] !== COMMA) i = skipSpace(body, i);
    if (body[i] !== COMMA) break;
    i++;
  }
  if (body[i] !== CLOSE_BRACE) refuse(body, i);
  return i + 1;
}

/** Id of the name that `scanAttribute` has scanned. */
let attributeId = 0;

/** Scans the name of a top-level attribute; returns the position of its closing quote and leaves its flags and id. */
function scanAttribute(start: number, previousId: number, names: AttributeDictionary): number {
  const { body } = scan;
  const guess = guesses[previousId + 1] as number;
  if (guess < names.size) {
    const end = names.endOfName(guess, body, start);
    if (end >= 0) {
      attributeId = guess;
      scan.flags = names.isAscii(guess) ? 0 : TapeFlag.nonAscii;
      return end;
    }
  }
  const end = scanText(scan, start);
  const isEscaped = (scan.flags & TapeFlag.escaped) !== 0;
  attributeId = isEscaped ? names.idOfText(unescapedText(body, start, end)) : names.idOfBytes(body, start, end);
  guesses[previousId + 1] = attributeId;
  return end;
}
