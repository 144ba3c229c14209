import { KIND_MASK, Kind, TAPE_ENTRY_WORDS, TapeFlag, type TapePage } from '../model/tape.ts';
import { jsonNumberText } from './decimal.ts';
import { writeCanonicalString } from './json-string.ts';
import { copyBytes, createJsonWriter, type JsonWriter, makeRoom, usePage } from './json-writer.ts';
import { sortSet } from './set-order.ts';
import { entryText } from './tape-text.ts';

/**
 * Canonical JSON text of a value of any kind: strings escaped as JSON.stringify does, N with the digits it came with, B as
 * base64, sets as sorted arrays (see set-order.ts), maps in the order of the body, no white space.
 */
export function jsonTextOf(page: TapePage, index: number): string {
  // Kept from call to call, and with it the page that was used last: a column of a page is many values.
  if (kept === null) kept = createJsonWriter(page, 0);
  else usePage(kept, page);
  const length = writeValue(kept, index, 0);
  return kept.bytes.toString('utf8', 0, length);
}

let kept: JsonWriter | null = null;

/** Writes a value as JSON text at `at`; returns the position behind it. */
export function writeValue(writer: JsonWriter, index: number, at: number): number {
  const { tape } = writer.page;
  const tag = tape[index] as number;
  const kind = tag & MASK;
  // Nearly all values: an S, N or B that is copied as it is.
  if (kind <= KIND_B && (tag & (ESCAPED | NOT_PLAIN)) === 0) {
    const quote = kind === KIND_N ? 0 : 1;
    return copyBytes(writer, (tape[index + 1] as number) - quote, (tape[index + 2] as number) + quote, at);
  }
  switch (kind) {
    case KIND_S:
    case KIND_B:
      return writeString(writer, index, at);
    case KIND_N:
      return writeUnusualNumber(writer, index, at);
    case KIND_M:
      return writeMap(writer, index, at);
    case KIND_L:
      return writeList(writer, index, at);
    case KIND_TRUE:
      writer.target.setInt32(at, TRUE, true);
      return at + 4;
    case KIND_FALSE:
      writer.bytes[at] = LOWER_F;
      writer.target.setInt32(at + 1, ALSE, true);
      return at + 5;
    case KIND_NULL:
      writer.target.setInt32(at, NULL, true);
      return at + 4;
    default:
      return writeSet(writer, index, at);
  }
}

/** Writes the text of a name, S or B with its quotes. */
export function writeString(writer: JsonWriter, index: number, at: number): number {
  const tag = writer.page.tape[index] as number;
  const start = writer.page.tape[index + 1] as number;
  const end = writer.page.tape[index + 2] as number;
  if ((tag & ESCAPED) !== 0) return writeCanonicalString(writer, start, end, at);
  return copyBytes(writer, start - 1, end + 1, at);
}

/** A number text that JSON may not allow; its plain form can be longer than the text, so room is made for it. */
function writeUnusualNumber(writer: JsonWriter, index: number, at: number): number {
  const text = jsonNumberText(entryText(writer.page, index));
  makeRoom(writer, text.length, at);
  return at + writer.bytes.write(text, at, 'latin1');
}

function writeMap(writer: JsonWriter, index: number, at: number): number {
  writer.bytes[at] = OPEN_BRACE;
  const w = writeMembers(writer, index + ENTRY_WORDS, writer.page.tape[index + 2] as number, at + 1);
  writer.bytes[w] = CLOSE_BRACE;
  return w + 1;
}

/**
 * Writes the attributes between two tape indexes as members of an object, without its braces; returns the position behind.
 * Names and values that are short and plain, nearly all, are copied right here: a third less time than a call for each.
 */
export function writeMembers(writer: JsonWriter, start: number, end: number, at: number): number {
  const { page, source } = writer;
  const { tape } = page;
  const lastWord = source.byteLength - WORD_BYTES;
  let { bytes, target } = writer;
  let i = start;
  let w = at;
  while (i < end) {
    const nameStart = (tape[i + 1] as number) - 1;
    const nameLength = (tape[i + 2] as number) + 1 - nameStart;
    const isPlainName = ((tape[i] as number) & ESCAPED) === 0;
    if (isPlainName && nameLength <= SHORT_BYTES && nameStart + nameLength <= lastWord) {
      copyWords(source, nameStart, target, w, nameLength);
      w += nameLength;
    } else w = writeString(writer, i, w);
    bytes[w++] = COLON;
    i += ENTRY_WORDS;
    const tag = tape[i] as number;
    const kind = tag & MASK;
    const quote = kind === KIND_N ? 0 : 1;
    const valueStart = (tape[i + 1] as number) - quote;
    const valueLength = (tape[i + 2] as number) + quote - valueStart;
    const isPlain = kind <= KIND_B && (tag & (ESCAPED | NOT_PLAIN)) === 0;
    if (isPlain && valueLength <= SHORT_BYTES && valueStart + valueLength <= lastWord) {
      copyWords(source, valueStart, target, w, valueLength);
      w += valueLength;
      i += ENTRY_WORDS;
    } else {
      w = writeValue(writer, i, w);
      i = behind(page, i);
      // It may have made room.
      ({ bytes, target } = writer);
    }
    if (i < end) bytes[w++] = COMMA;
  }
  return w;
}

/** Up to three bytes behind the text are written too, and overwritten by what follows. */
function copyWords(source: DataView, from: number, target: DataView, to: number, length: number): void {
  for (let n = 0; n < length; n += WORD_BYTES) target.setInt32(to + n, source.getInt32(from + n, true), true);
}

function writeList(writer: JsonWriter, index: number, at: number): number {
  const end = writer.page.tape[index + 2] as number;
  let i = index + ENTRY_WORDS;
  let w = at;
  writer.bytes[w++] = OPEN_BRACKET;
  while (i < end) {
    w = writeValue(writer, i, w);
    i = behind(writer.page, i);
    if (i < end) writer.bytes[w++] = COMMA;
  }
  writer.bytes[w++] = CLOSE_BRACKET;
  return w;
}

function writeSet(writer: JsonWriter, index: number, at: number): number {
  const elements = sortSet(writer.page, index);
  let w = at;
  writer.bytes[w++] = OPEN_BRACKET;
  for (let n = 0; n < elements.length; n++) {
    if (n > 0) writer.bytes[w++] = COMMA;
    w = writeValue(writer, elements[n] as number, w);
  }
  writer.bytes[w++] = CLOSE_BRACKET;
  return w;
}

/** Tape index behind the value at `index`. */
export function behind({ tape }: TapePage, index: number): number {
  const isContainer = ((tape[index] as number) & MASK) >= KIND_M;
  return isContainer ? (tape[index + 2] as number) : index + ENTRY_WORDS;
}

const WORD_BYTES = 4;
/** Longer texts are rare: the call is nothing beside them. */
const SHORT_BYTES = 64;
const LOWER_F = 0x66;
const TRUE = Buffer.from('true').readInt32LE();
const ALSE = Buffer.from('alse').readInt32LE();
const NULL = Buffer.from('null').readInt32LE();
// Declared here because imports are slow in hot code, see scan-text.ts.
const MASK = KIND_MASK;
const ENTRY_WORDS = TAPE_ENTRY_WORDS;
const ESCAPED = TapeFlag.escaped;
const NOT_PLAIN = TapeFlag.notPlain;
const KIND_S = Kind.S;
const KIND_N = Kind.N;
const KIND_B = Kind.B;
const KIND_TRUE = Kind.true;
const KIND_FALSE = Kind.false;
const KIND_NULL = Kind.null;
const KIND_M = Kind.M;
const KIND_L = Kind.L;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
