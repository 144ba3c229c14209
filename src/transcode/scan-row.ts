import { ATTRIBUTE_ID_SHIFT, Kind, TAPE_ENTRY_WORDS, TapeFlag, type TapePage } from '../model/tape.ts';
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
import { type AttributeDictionary, DROPPED_ID } from './attribute-names.ts';
import { expectByte, skipSpace } from './json-bytes.ts';
import { clearObservations, createObservations, observe, observeAgain, observedOf } from './observations.ts';
import { keepWanted } from './project-value.ts';
import type { WantedMembers } from './projection-tree.ts';
import { refuse } from './refuse.ts';
import { createScanState, dropBody, type ScanState, setBody } from './scan-state.ts';
import { scanText } from './scan-text.ts';
import { behindValue, pushEntry, scanMap, scanType, scanTypedValue } from './scan-value.ts';
import { unescapedText } from './tape-text.ts';

/*
 * Items of one body to the rows of one page: `beginPage`, then rows, then `endPage`. All of it is synchronous and one page
 * is made at a time, so its memory is kept for the next.
 */
const scan = createScanState();
const observations = createObservations();
let heads: AttributeHeads = createAttributeHeads();
let rowStarts = new Int32Array(0);
let rowCount = 0;

export function beginPage(body: Buffer, names: AttributeDictionary): ScanState {
  heads = names.heads;
  setBody(scan, body);
  scan.top = 0;
  if (scan.tape.length < body.length) scan.tape = new Int32Array(body.length);
  // An item takes at least the three bytes `{},`.
  const mostRows = Math.ceil(body.length / 3);
  if (rowStarts.length <= mostRows) rowStarts = new Int32Array(mostRows + 1);
  rowCount = 0;
  clearObservations(observations);
  return scan;
}

export function endPage(names: AttributeDictionary): TapePage {
  rowStarts[rowCount] = scan.top;
  const page = {
    body: scan.body,
    tape: copyOf(scan.tape, scan.top),
    rowStarts: rowStarts.slice(0, rowCount + 1),
    rowCount,
    attributes: names,
    observed: observedOf(observations, names.size),
  };
  dropBody(scan);
  return page;
}

/** Like `slice`, which would fill a megabyte with zeros first. */
function copyOf(words: Int32Array, length: number): Int32Array {
  const copy = new Int32Array(Buffer.allocUnsafeSlow(length * 4).buffer);
  copy.set(words.subarray(0, length));
  return copy;
}

/** Makes the item at `at` the next row; returns the position behind it. */
export function scanRow(at: number, names: AttributeDictionary): number {
  rowStarts[rowCount] = scan.top;
  const { body } = scan;
  let i = skipSpace(body, expectByte(body, at, OPEN_BRACE));
  if (body[i] !== CLOSE_BRACE) {
    let slot = 0;
    for (;;) {
      const valueAt = scanHead(i, slot, names);
      const id = attributeId;
      const index = scan.top;
      i = scanTypedValue(scan, valueAt, scan.type, 0);
      if (id === DROPPED) scan.top = index - ENTRY_WORDS;
      else {
        // JSON allows a name twice, DynamoDB does not.
        if (!observe(observations, scan, id, rowCount, index)) refuse(body, valueAt);
        slot = id + 1;
      }
      if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
      if (body[i] !== COMMA) break;
      i++;
    }
    if (body[i] !== CLOSE_BRACE) refuse(body, i);
  }
  rowCount++;
  return i + 1;
}

/** Makes what `wanted` takes of the item at `at` the next row; returns the position behind the item. */
export function scanProjectedRow(at: number, names: AttributeDictionary, wanted: WantedMembers): number {
  const { body, tape, top: start } = scan;
  rowStarts[rowCount] = start;
  // First as a map, so that names that are not wanted get no ids; then what is wanted moves down over the rest.
  const itemEnd = scanMap(scan, skipSpace(body, at), 0);
  const end = scan.top;
  scan.top = start;
  for (let from = start + ENTRY_WORDS; from < end; ) {
    const next = behindValue(tape, from + ENTRY_WORDS);
    keepAttribute(from, names, wanted);
    from = next;
  }
  rowCount++;
  return itemEnd;
}

function keepAttribute(from: number, names: AttributeDictionary, wanted: WantedMembers): void {
  const { body, tape, top } = scan;
  const flags = (tape[from] as number) & FLAGS;
  const start = tape[from + 1] as number;
  const end = tape[from + 2] as number;
  const part = wanted.find(body, start, end, (flags & ESCAPED) !== 0);
  if (part === undefined) return;
  const index = top + ENTRY_WORDS;
  scan.top = index;
  if (!keepWanted(scan, from + ENTRY_WORDS, part)) {
    scan.top = top;
    return;
  }
  const id = idOfName(start, end, flags, names);
  if (id === DROPPED) {
    scan.top = top;
    return;
  }
  tape[top] = (id << ID_SHIFT) | KIND_ATTRIBUTE | flags;
  tape[top + 1] = start;
  tape[top + 2] = end;
  if (!observeAgain(observations, scan, id, rowCount, index)) refuse(body, start);
}

/** Checks the item at `at` and forgets it; returns the position behind it. */
export function skipItem(at: number): number {
  const { body, top } = scan;
  const end = scanMap(scan, skipSpace(body, at), 0);
  scan.top = top;
  return end;
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
  const { flags } = scan;
  attributeId = idOfName(start, nameEnd, flags, names);
  const tag = (attributeId << ID_SHIFT) | KIND_ATTRIBUTE | flags;
  pushEntry(scan, tag, start, nameEnd);
  const end = scanType(scan, expectByte(body, nameEnd + 1, COLON));
  if (attributeId === DROPPED) return end;
  const head = { tag, nameStart: start - at, nameEnd: nameEnd - at, type: scan.type };
  rememberHead(heads, slot, scan, { at, end, head });
  return end;
}

function idOfName(start: number, end: number, flags: number, names: AttributeDictionary): number {
  const { body } = scan;
  return (flags & ESCAPED) === 0 ? names.idOfBytes(body, start, end) : names.idOfText(unescapedText(body, start, end));
}

// Declared here because imports are slow in hot code, see scan-text.ts.
const SPACE = 0x20;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const ENTRY_WORDS = TAPE_ENTRY_WORDS;
const ID_SHIFT = ATTRIBUTE_ID_SHIFT;
const KIND_ATTRIBUTE = Kind.attribute;
const ESCAPED = TapeFlag.escaped;
const FLAGS = TapeFlag.escaped | TapeFlag.nonAscii;
const DROPPED = DROPPED_ID;
