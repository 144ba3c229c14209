import { Kind, TAPE_ENTRY_WORDS } from '../model/tape.ts';
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
import { refuse } from './refuse.ts';
import { scanNumber } from './scan-number.ts';
import type { ScanState } from './scan-state.ts';
import { scanBase64, scanText } from './scan-text.ts';

/** DynamoDB nests 32 levels at most (Service quotas, "Nested attribute depth"); the bound only protects the stack. */
const MAX_NESTING = 64;

/** Scans one attribute value, `{"S":"…"}` and so on, and puts it on the tape; returns the position behind it. */
export function scanValue(scan: ScanState, at: number, depth: number): number {
  const { body } = scan;
  let i = at;
  let type: number;
  if (body[i] === OPEN_BRACE && body[i + 1] === QUOTE && body[i + 3] === QUOTE && body[i + 4] === COLON) {
    type = body[i + 2] as number;
    i += 5;
  } else {
    i = expectByte(body, expectByte(body, i, OPEN_BRACE), QUOTE);
    const end = scanText(scan, i);
    type = typeNamed(body, i, end);
    i = expectByte(body, end + 1, COLON);
  }
  i = skipSpace(body, i);
  const behind = scanTyped(scan, i, type, depth);
  return body[behind] === CLOSE_BRACE ? behind + 1 : expectByte(body, behind, CLOSE_BRACE);
}

function scanTyped(scan: ScanState, at: number, type: number, depth: number): number {
  switch (type) {
    case TYPE_S:
      return scanScalar(scan, at, Kind.S);
    case TYPE_N:
      return scanScalar(scan, at, Kind.N);
    case TYPE_B:
      return scanScalar(scan, at, Kind.B);
    case TYPE_M:
      return scanMap(scan, at, depth + 1);
    case TYPE_L:
      return scanList(scan, at, depth + 1);
    case TYPE_BOOL:
      return scanLiteral(scan, at, scan.body[at] === LOWER_T ? Kind.true : Kind.false);
    case TYPE_NULL:
      return scanLiteral(scan, at, Kind.null);
    case TYPE_SS:
      return scanSet(scan, at, Kind.SS);
    case TYPE_NS:
      return scanSet(scan, at, Kind.NS);
    case TYPE_BS:
      return scanSet(scan, at, Kind.BS);
    default:
      return refuse(scan.body, at);
  }
}

/** Scans a quoted S, N or B and puts it on the tape. */
function scanScalar(scan: ScanState, at: number, kind: number): number {
  if (scan.body[at] !== QUOTE) refuse(scan.body, at);
  const start = at + 1;
  let end: number;
  if (kind === Kind.S) end = scanText(scan, start);
  else if (kind === Kind.N) end = scanNumber(scan, start);
  else end = scanBase64(scan, start);
  pushEntry(scan, kind | scan.flags, start, end);
  return end + 1;
}

function scanMap(scan: ScanState, at: number, depth: number): number {
  const { body, top: index } = scan;
  if (body[at] !== OPEN_BRACE || depth > MAX_NESTING) refuse(body, at);
  pushEntry(scan, Kind.M, 0, 0);
  let i = skipSpace(body, at + 1);
  let count = 0;
  if (body[i] !== CLOSE_BRACE) {
    for (;;) {
      i = scanName(scan, i);
      i = scanValue(scan, i, depth);
      count++;
      if (body[i] !== COMMA) i = skipSpace(body, i);
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
  const start = expectByte(scan.body, at, QUOTE);
  const end = scanText(scan, start);
  pushEntry(scan, Kind.attribute | scan.flags, start, end);
  return expectByte(scan.body, end + 1, COLON);
}

function scanList(scan: ScanState, at: number, depth: number): number {
  const { body, top: index } = scan;
  if (body[at] !== OPEN_BRACKET || depth > MAX_NESTING) refuse(body, at);
  pushEntry(scan, Kind.L, 0, 0);
  let i = skipSpace(body, at + 1);
  let count = 0;
  if (body[i] !== CLOSE_BRACKET) {
    for (;;) {
      i = scanValue(scan, i, depth);
      count++;
      if (body[i] !== COMMA) i = skipSpace(body, i);
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
  const elementKind = kind === Kind.SS ? Kind.S : kind === Kind.NS ? Kind.N : Kind.B;
  let i = skipSpace(body, at + 1);
  let count = 0;
  if (body[i] !== CLOSE_BRACKET) {
    for (;;) {
      i = skipSpace(body, scanScalar(scan, skipSpace(body, i), elementKind));
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
  const { body } = scan;
  const literal = kind === Kind.false ? FALSE : TRUE;
  for (let n = 0; n < literal.length; n++) if (body[at + n] !== literal[n]) refuse(body, at);
  pushEntry(scan, kind, at, at + literal.length);
  return at + literal.length;
}

/** Puts an entry on the tape. */
export function pushEntry(scan: ScanState, tag: number, start: number, end: number): void {
  const { tape, top } = scan;
  tape[top] = tag;
  tape[top + 1] = start;
  tape[top + 2] = end;
  scan.top = top + TAPE_ENTRY_WORDS;
}

function closeContainer(scan: ScanState, index: number, count: number): void {
  scan.tape[index + 1] = count;
  scan.tape[index + 2] = scan.top;
}

/** The type as the byte of its letter, or as a number of our own where it has more letters; 0 for none. */
function typeNamed(body: Buffer, start: number, end: number): number {
  if (end - start === 1) return body[start] as number;
  return LONG_TYPES.get(body.toString('latin1', start, end)) ?? 0;
}

const TYPE_S = 0x53;
const TYPE_N = 0x4e;
const TYPE_B = 0x42;
const TYPE_M = 0x4d;
const TYPE_L = 0x4c;
const TYPE_BOOL = 0x100;
const TYPE_NULL = 0x101;
const TYPE_SS = 0x102;
const TYPE_NS = 0x103;
const TYPE_BS = 0x104;
const LONG_TYPES = new Map([
  ['BOOL', TYPE_BOOL],
  ['NULL', TYPE_NULL],
  ['SS', TYPE_SS],
  ['NS', TYPE_NS],
  ['BS', TYPE_BS],
]);
const LOWER_T = 0x74;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
