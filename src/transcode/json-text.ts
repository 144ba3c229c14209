import { KIND_MASK, Kind, TAPE_ENTRY_WORDS, TapeFlag, type TapePage } from '../model/tape.ts';
import { copyBytes } from './copy-bytes.ts';
import { jsonNumberText } from './decimal.ts';
import { writeCanonicalString } from './json-string.ts';
import { sortSet } from './set-order.ts';
import { entryText } from './tape-text.ts';

/**
 * Where JSON text is written. Room for as many bytes as the body has is enough, because plain JSON is never longer than
 * the DynamoDB JSON it came from; the one exception, `writeRepairedNumber`, replaces `bytes` by a longer one.
 */
export interface JsonOutput {
  bytes: Buffer;
}

/**
 * Canonical JSON text of a value of any kind: strings escaped as JSON.stringify does, N with the digits it came with, B as
 * base64, sets as sorted arrays (see set-order.ts), maps in the order of the body, no white space.
 */
export function jsonTextOf(page: TapePage, index: number): string {
  if (scratch.bytes.length < page.body.length) scratch.bytes = Buffer.allocUnsafeSlow(page.body.length);
  const length = writeValue(page, index, scratch, 0);
  return scratch.bytes.toString('utf8', 0, length);
}

const scratch: JsonOutput = { bytes: Buffer.alloc(0) };

/** Writes a value as JSON text at `at`; returns the position behind it. */
function writeValue(page: TapePage, index: number, out: JsonOutput, at: number): number {
  const tag = page.tape[index] as number;
  switch (tag & KIND_MASK) {
    case Kind.S:
    case Kind.B:
      return writeString(page, index, out, at);
    case Kind.N:
      return writeNumber(page, index, out, at);
    case Kind.M:
      return writeMap(page, index, out, at);
    case Kind.L:
      return writeList(page, index, out, at);
    case Kind.true:
      return writeLiteral(TRUE, out, at);
    case Kind.false:
      return writeLiteral(FALSE, out, at);
    case Kind.null:
      return writeLiteral(NULL, out, at);
    default:
      return writeSet(page, index, out, at);
  }
}

/** Writes the text of a name, S or B with its quotes. */
function writeString(page: TapePage, index: number, out: JsonOutput, at: number): number {
  const tag = page.tape[index] as number;
  const start = page.tape[index + 1] as number;
  const end = page.tape[index + 2] as number;
  if ((tag & TapeFlag.escaped) !== 0) return writeCanonicalString(page.body, start, end, out.bytes, at);
  return copyBytes(page.body, start - 1, end + 1, out.bytes, at);
}

function writeNumber(page: TapePage, index: number, out: JsonOutput, at: number): number {
  const tag = page.tape[index] as number;
  if ((tag & TapeFlag.notPlain) !== 0) return writeRepairedNumber(page, index, out, at);
  return copyBytes(page.body, page.tape[index + 1] as number, page.tape[index + 2] as number, out.bytes, at);
}

/** A number text that JSON may not allow; its plain form can be longer than the text, so room is made for it. */
function writeRepairedNumber(page: TapePage, index: number, out: JsonOutput, at: number): number {
  const text = jsonNumberText(entryText(page, index));
  const longer = Buffer.allocUnsafeSlow(out.bytes.length + text.length);
  out.bytes.copy(longer, 0, 0, at);
  out.bytes = longer;
  return at + longer.write(text, at, 'latin1');
}

function writeMap(page: TapePage, index: number, out: JsonOutput, at: number): number {
  return writeMembers(page, index + TAPE_ENTRY_WORDS, page.tape[index + 2] as number, out, at);
}

/** Writes the attributes that lie between two tape indexes as one JSON object; returns the position behind it. */
export function writeMembers(page: TapePage, start: number, end: number, out: JsonOutput, at: number): number {
  let i = start;
  let w = at;
  out.bytes[w++] = OPEN_BRACE;
  while (i < end) {
    w = writeString(page, i, out, w);
    out.bytes[w++] = COLON;
    i += TAPE_ENTRY_WORDS;
    w = writeValue(page, i, out, w);
    i = behind(page, i);
    if (i < end) out.bytes[w++] = COMMA;
  }
  out.bytes[w++] = CLOSE_BRACE;
  return w;
}

function writeList(page: TapePage, index: number, out: JsonOutput, at: number): number {
  const end = page.tape[index + 2] as number;
  let i = index + TAPE_ENTRY_WORDS;
  let w = at;
  out.bytes[w++] = OPEN_BRACKET;
  while (i < end) {
    w = writeValue(page, i, out, w);
    i = behind(page, i);
    if (i < end) out.bytes[w++] = COMMA;
  }
  out.bytes[w++] = CLOSE_BRACKET;
  return w;
}

function writeSet(page: TapePage, index: number, out: JsonOutput, at: number): number {
  const elements = sortSet(page, index);
  let w = at;
  out.bytes[w++] = OPEN_BRACKET;
  for (let n = 0; n < elements.length; n++) {
    if (n > 0) out.bytes[w++] = COMMA;
    w = writeValue(page, elements[n] as number, out, w);
  }
  out.bytes[w++] = CLOSE_BRACKET;
  return w;
}

function writeLiteral(literal: Buffer, out: JsonOutput, at: number): number {
  for (let i = 0; i < literal.length; i++) out.bytes[at + i] = literal[i] as number;
  return at + literal.length;
}

/** Tape index behind the value at `index`. */
function behind(page: TapePage, index: number): number {
  const isContainer = ((page.tape[index] as number) & KIND_MASK) >= Kind.M;
  return isContainer ? (page.tape[index + 2] as number) : index + TAPE_ENTRY_WORDS;
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
