import { Kind, TAPE_ENTRY_WORDS } from '../model/tape.ts';
import { expectByte, skipSpace } from './json-bytes.ts';
import { refuse } from './refuse.ts';
import { scanNumber } from './scan-number.ts';
import type { ScanState } from './scan-state.ts';
import { scanBase64, scanText } from './scan-text.ts';

/** DynamoDB nests 32 levels at most (Service quotas, "Nested attribute depth"); the bound only protects the stack. */
const MAX_NESTING = 64;

/** Scans one attribute value, `{"S":"…"}` and so on, and puts it on the tape; returns the position behind it. */
function scanValue(scan: ScanState, at: number, depth: number): number {
  const i = scanType(scan, at);
  return scanTypedValue(scan, i, scan.type, depth);
}

/** Scans `{"S":`, the beginning of a value; returns the position behind it and leaves the type. */
export function scanType(scan: ScanState, at: number): number {
  const { body } = scan;
  // How DynamoDB writes it, without white space; all that JSON allows beside that goes the long way.
  if (body[at] === OPEN_BRACE && body[at + 1] === QUOTE && body[at + 3] === QUOTE && body[at + 4] === COLON) {
    scan.type = body[at + 2] as number;
    return at + 5;
  }
  const start = expectByte(body, expectByte(body, at, OPEN_BRACE), QUOTE);
  const end = scanText(scan, start);
  scan.type = typeNamed(scan, start, end);
  return expectByte(body, end + 1, COLON);
}

/** Scans what follows `{"S":`, including the closing brace, and puts it on the tape; returns the position behind it. */
export function scanTypedValue(scan: ScanState, at: number, type: number, depth: number): number {
  const { body } = scan;
  const i = (body[at] as number) <= SPACE ? skipSpace(body, at) : at;
  const behind = scanTyped(scan, i, type, depth);
  return body[behind] === CLOSE_BRACE ? behind + 1 : expectByte(body, behind, CLOSE_BRACE);
}

function scanTyped(scan: ScanState, at: number, type: number, depth: number): number {
  switch (type) {
    case TYPE_S:
      return scanString(scan, at);
    case TYPE_N:
      return scanNumeric(scan, at);
    case TYPE_B:
      return scanBinary(scan, at);
    case TYPE_M:
      return scanMap(scan, at, depth + 1);
    case TYPE_L:
      return scanList(scan, at, depth + 1);
    case TYPE_BOOL:
      return scanLiteral(scan, at, scan.body[at] === LOWER_T ? KIND_TRUE : KIND_FALSE);
    case TYPE_NULL:
      return scanLiteral(scan, at, KIND_NULL);
    case TYPE_SS:
      return scanSet(scan, at, KIND_SS);
    case TYPE_NS:
      return scanSet(scan, at, KIND_NS);
    case TYPE_BS:
      return scanSet(scan, at, KIND_BS);
    default:
      return refuse(scan.body, at);
  }
}

function scanString(scan: ScanState, at: number): number {
  if (scan.body[at] !== QUOTE) refuse(scan.body, at);
  const end = scanText(scan, at + 1);
  pushEntry(scan, KIND_S | scan.flags, at + 1, end);
  return end + 1;
}

function scanNumeric(scan: ScanState, at: number): number {
  if (scan.body[at] !== QUOTE) refuse(scan.body, at);
  const end = scanNumber(scan, at + 1);
  pushEntry(scan, KIND_N | scan.flags, at + 1, end);
  return end + 1;
}

function scanBinary(scan: ScanState, at: number): number {
  if (scan.body[at] !== QUOTE) refuse(scan.body, at);
  const end = scanBase64(scan, at + 1);
  pushEntry(scan, KIND_B | scan.flags, at + 1, end);
  return end + 1;
}

/** Scans the pairs of a map, `{"name":{"S":"…"},…}`, and puts it on the tape; returns the position behind it. */
export function scanMap(scan: ScanState, at: number, depth: number): number {
  const { body, top: index } = scan;
  if (body[at] !== OPEN_BRACE || depth > MAX_NESTING) refuse(body, at);
  pushEntry(scan, KIND_M, 0, 0);
  let i = at + 1;
  if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
  let count = 0;
  if (body[i] !== CLOSE_BRACE) {
    for (;;) {
      i = scanName(scan, i);
      i = scanValue(scan, i, depth);
      count++;
      if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
      if (body[i] !== COMMA) break;
      i++;
    }
    if (body[i] !== CLOSE_BRACE) refuse(body, i);
  }
  closeContainer(scan, index, count);
  return i + 1;
}

/** Scans the name of a map entry and its colon. */
function scanName(scan: ScanState, at: number): number {
  const { body } = scan;
  const start = body[at] === QUOTE ? at + 1 : expectByte(body, at, QUOTE);
  const end = scanText(scan, start);
  pushEntry(scan, KIND_ATTRIBUTE | scan.flags, start, end);
  return body[end + 1] === COLON ? end + 2 : expectByte(body, end + 1, COLON);
}

function scanList(scan: ScanState, at: number, depth: number): number {
  const { body, top: index } = scan;
  if (body[at] !== OPEN_BRACKET || depth > MAX_NESTING) refuse(body, at);
  pushEntry(scan, KIND_L, 0, 0);
  let i = at + 1;
  if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
  let count = 0;
  if (body[i] !== CLOSE_BRACKET) {
    for (;;) {
      i = scanValue(scan, i, depth);
      count++;
      if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
      if (body[i] !== COMMA) break;
      i++;
    }
    if (body[i] !== CLOSE_BRACKET) refuse(body, i);
  }
  closeContainer(scan, index, count);
  return i + 1;
}

function scanSet(scan: ScanState, at: number, kind: number): number {
  const { body, top: index } = scan;
  if (body[at] !== OPEN_BRACKET) refuse(body, at);
  pushEntry(scan, kind, 0, 0);
  let i = at + 1;
  if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
  let count = 0;
  if (body[i] !== CLOSE_BRACKET) {
    for (;;) {
      if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
      if (kind === KIND_NS) i = scanNumeric(scan, i);
      else i = kind === KIND_SS ? scanString(scan, i) : scanBinary(scan, i);
      if ((body[i] as number) <= SPACE) i = skipSpace(body, i);
      count++;
      if (body[i] !== COMMA) break;
      i++;
    }
    if (body[i] !== CLOSE_BRACKET) refuse(body, i);
  }
  closeContainer(scan, index, count);
  return i + 1;
}

/** Scans `true`, or `false` where the kind is `Kind.false`: DynamoDB's NULL is always true. */
function scanLiteral(scan: ScanState, at: number, kind: number): number {
  const { body, view } = scan;
  const start = kind === KIND_FALSE ? at + 1 : at;
  // The word is inside of the body: braces follow every value.
  if (start + 4 > view.byteLength) refuse(body, at);
  const word = view.getInt32(start, true);
  if (kind === KIND_FALSE ? body[at] !== LOWER_F || word !== ALSE : word !== TRUE) refuse(body, at);
  pushEntry(scan, kind, at, start + 4);
  return start + 4;
}

/** Puts an entry on the tape. */
export function pushEntry(scan: ScanState, tag: number, start: number, end: number): void {
  const { tape, top } = scan;
  tape[top] = tag;
  tape[top + 1] = start;
  tape[top + 2] = end;
  scan.top = top + ENTRY_WORDS;
}

/** Ends the container whose entry is at `index` at the top of the tape. */
export function closeContainer(scan: ScanState, index: number, count: number): void {
  scan.tape[index + 1] = count;
  scan.tape[index + 2] = scan.top;
}

/** Tape index behind the value at `index`. */
export function behindValue(tape: Int32Array, index: number): number {
  return ((tape[index] as number) & 0xff) >= KIND_M ? (tape[index + 2] as number) : index + ENTRY_WORDS;
}

/** A type as a number: the letter of S, N, B, M, L; the first letter and a bit for sets; the letters of BOOL and NULL. */
function typeNamed({ body, view }: ScanState, start: number, end: number): number {
  const length = end - start;
  if (length === 1) return body[start] as number;
  if (length === 2 && body[start + 1] === TYPE_S) return (body[start] as number) | SET_BIT;
  return length === 4 ? view.getInt32(start, true) : 0;
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
const ENTRY_WORDS = TAPE_ENTRY_WORDS;
const KIND_ATTRIBUTE = Kind.attribute;
const KIND_S = Kind.S;
const KIND_N = Kind.N;
const KIND_B = Kind.B;
const KIND_TRUE = Kind.true;
const KIND_FALSE = Kind.false;
const KIND_NULL = Kind.null;
const KIND_M = Kind.M;
const KIND_L = Kind.L;
const KIND_SS = Kind.SS;
const KIND_NS = Kind.NS;
const KIND_BS = Kind.BS;

const TYPE_S = 0x53;
const TYPE_N = 0x4e;
const TYPE_B = 0x42;
const TYPE_M = 0x4d;
const TYPE_L = 0x4c;
const SET_BIT = 0x100;
const TYPE_SS = TYPE_S | SET_BIT;
const TYPE_NS = TYPE_N | SET_BIT;
const TYPE_BS = TYPE_B | SET_BIT;
const TYPE_BOOL = Buffer.from('BOOL').readInt32LE();
const TYPE_NULL = Buffer.from('NULL').readInt32LE();
const LOWER_T = 0x74;
const LOWER_F = 0x66;
const TRUE = Buffer.from('true').readInt32LE();
const ALSE = Buffer.from('alse').readInt32LE();
