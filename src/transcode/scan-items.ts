import { ATTRIBUTE_ID_SHIFT, Kind, TapeFlag, type TapePage } from '../model/tape.ts';
import {
  type AttributeHeads,
  createAttributeHeads,
  HEAD_NAME_END,
  HEAD_NAME_START,
  HEAD_TAG,
  HEAD_TYPE,
  headField,
  matchHead,
  rememberHead,
} from './attribute-heads.ts';
import type { AttributeDictionary } from './attribute-names.ts';
import { expectByte, skipSpace } from './json-bytes.ts';
import { clearObservations, createObservations, observe, observedOf } from './observations.ts';
import { refuse } from './refuse.ts';
import { createScanState, dropBody, setBody } from './scan-state.ts';
import { scanText } from './scan-text.ts';
import { pushEntry, scanType, scanTypedValue } from './scan-value.ts';
import { unescapedText } from './tape-text.ts';

/** Scans the array of items that begins at `at`. */
export function scanItems(body: Buffer, at: number, names: AttributeDictionary): { page: TapePage; end: number } {
  beginPage(body, names);
  let i = skipSpace(body, expectByte(body, at, OPEN_BRACKET));
  let rowCount = 0;
  if (body[i] !== CLOSE_BRACKET) {
    for (;;) {
      rowStarts[rowCount] = scan.top;
      i = scanItem(i, rowCount, names);
      rowCount++;
      if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
      if (body[i] !== COMMA) break;
      i++;
    }
    if (body[i] !== CLOSE_BRACKET) refuse(body, i);
  }
  rowStarts[rowCount] = scan.top;
  const page = {
    body,
    tape: copyOf(scan.tape, scan.top),
    rowStarts: rowStarts.slice(0, rowCount + 1),
    rowCount,
    attributes: names,
    observed: observedOf(observations, names.size),
  };
  dropBody(scan);
  return { page, end: i + 1 };
}

/** Like `slice`, which would fill a megabyte with zeros first. */
function copyOf(words: Int32Array, length: number): Int32Array {
  const copy = new Int32Array(Buffer.allocUnsafeSlow(length * 4).buffer);
  copy.set(words.subarray(0, length));
  return copy;
}

/** A page without items, for answers that carry none. */
export function emptyPage(body: Buffer, names: AttributeDictionary): TapePage {
  const observed = observedOf({ words: new Int32Array(0) }, names.size);
  return { body, tape: new Int32Array(0), rowStarts: new Int32Array(1), rowCount: 0, attributes: names, observed };
}

const scan = createScanState();
const observations = createObservations();
let heads: AttributeHeads = createAttributeHeads();
let rowStarts = new Int32Array(0);
function beginPage(body: Buffer, names: AttributeDictionary): void {
  heads = names.heads;
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
  let slot = 0;
  for (;;) {
    const valueAt = scanHead(i, slot, names);
    const id = attributeId;
    const index = scan.top;
    i = scanTypedValue(scan, valueAt, scan.type, 0);
    // JSON allows a name twice, DynamoDB does not.
    if (!observe(observations, scan, id, row, index)) refuse(body, valueAt);
    slot = id + 1;
    if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
    if (body[i] !== COMMA) break;
    i++;
  }
  if (body[i] !== CLOSE_BRACE) refuse(body, i);
  return i + 1;
}

/** Id of the attribute that `scanHead` has scanned. */
let attributeId = 0;

/** Scans `"name":{"S":` of a top-level attribute and puts its entry on the tape; leaves its id and the type of its value. */
function scanHead(at: number, slot: number, names: AttributeDictionary): number {
  const matched = matchHead(heads, slot, scan, at);
  if (matched >= 0) {
    const tag = headField(heads, slot, HEAD_TAG);
    attributeId = tag >>> ID_SHIFT;
    scan.type = headField(heads, slot, HEAD_TYPE);
    pushEntry(scan, tag, at + headField(heads, slot, HEAD_NAME_START), at + headField(heads, slot, HEAD_NAME_END));
    return matched;
  }
  const { body } = scan;
  const start = expectByte(body, at, QUOTE);
  const nameEnd = scanText(scan, start);
  const isEscaped = (scan.flags & ESCAPED) !== 0;
  attributeId = isEscaped ? names.idOfText(unescapedText(body, start, nameEnd)) : names.idOfBytes(body, start, nameEnd);
  const tag = (attributeId << ID_SHIFT) | KIND_ATTRIBUTE | scan.flags;
  pushEntry(scan, tag, start, nameEnd);
  const end = scanType(scan, expectByte(body, nameEnd + 1, COLON));
  const head = { tag, nameStart: start - at, nameEnd: nameEnd - at, type: scan.type };
  rememberHead(heads, slot, scan, { at, end, head });
  return end;
}

// Declared here because imports are slow in hot code, see scan-text.ts.
const SPACE = 0x20;
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
