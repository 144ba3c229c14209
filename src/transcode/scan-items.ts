import { ATTRIBUTE_ID_SHIFT, Kind, MAX_ATTRIBUTE_IDS, TapeFlag, type TapePage } from '../model/tape.ts';
import type { AttributeDictionary } from './attribute-names.ts';
import { expectByte, skipSpace } from './json-bytes.ts';
import { clearObservations, createObservations, observe, observedOf } from './observations.ts';
import { refuse } from './refuse.ts';
import { createScanState, dropBody, setBody } from './scan-state.ts';
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
  dropBody(scan);
  return { page, end: i + 1 };
}

/** A page without items, for answers that carry none. */
export function emptyPage(body: Buffer, names: AttributeDictionary): TapePage {
  const observed = observedOf({ words: new Int32Array(0) }, names.size);
  return { body, tape: new Int32Array(0), rowStarts: new Int32Array(1), rowCount: 0, attributes: names, observed };
}

const scan = createScanState();
const observations = createObservations();
let rowStarts = new Int32Array(0);
/**
 * Items of a table list their attributes in nearly the same order, so the attribute behind another is guessed to be the one
 * that was there last time: by id + 1, 0 for the first of an item. A guess of another table only costs a comparison.
 */
const guesses = new Int32Array(MAX_ATTRIBUTE_IDS + 1);

function beginPage(body: Buffer): void {
  setBody(scan, body);
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
    const start = body[i] === QUOTE ? i + 1 : expectByte(body, i, QUOTE);
    const end = scanAttribute(start, previousId, names);
    const id = attributeId;
    pushEntry(scan, (id << ID_SHIFT) | KIND_ATTRIBUTE | scan.flags, start, end);
    const index = scan.top;
    i = scanValue(scan, body[end + 1] === COLON ? end + 2 : expectByte(body, end + 1, COLON), 0);
    // JSON allows a name twice, DynamoDB does not.
    if (!observe(observations, scan, id, row, index)) refuse(body, start);
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
  const { body, view } = scan;
  const guess = guesses[previousId + 1] as number;
  if (guess < names.size) {
    const end = names.endOfName(guess, view, start);
    if (end >= 0) {
      attributeId = guess;
      scan.flags = names.isAscii(guess) ? 0 : NON_ASCII;
      return end;
    }
  }
  const end = scanText(scan, start);
  const isEscaped = (scan.flags & ESCAPED) !== 0;
  attributeId = isEscaped ? names.idOfText(unescapedText(body, start, end)) : names.idOfBytes(body, view, start, end);
  guesses[previousId + 1] = attributeId;
  return end;
}

// Declared here because imports are slow in hot code, see scan-text.ts.
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const ID_SHIFT = ATTRIBUTE_ID_SHIFT;
const KIND_ATTRIBUTE = Kind.attribute;
const ESCAPED = TapeFlag.escaped;
const NON_ASCII = TapeFlag.nonAscii;
