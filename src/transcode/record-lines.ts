import type { RecordFrame, Rendering } from '../model/record-frame.ts';
import { ATTRIBUTE_ID_SHIFT, KIND_MASK, Kind, TAPE_ENTRY_WORDS, TapeFlag, type TapePage } from '../model/tape.ts';
import { behind, writeMembers, writeString, writeValue } from './json-text.ts';
import { copyBytes, createJsonWriter, type JsonWriter, makeRoom } from './json-writer.ts';
import { canonicalTextOf } from './value.ts';

interface RecordLinesOptions {
  readonly frame: RecordFrame;
  /** The tail of each row in the place of that of the frame. */
  readonly tailOf?: ((row: number) => Buffer) | undefined;
  /** By attribute id. Without any, values are written as fast as `jsonLinesOf` does. */
  readonly renderings?: ReadonlyMap<number, Rendering>;
  /** What an earlier call has answered and nobody needs any more: its memory is written over. */
  readonly over?: Buffer | null;
}

/**
 * One line for each row of a page: the head of the frame, the members in canonical JSON (see `jsonTextOf`) or as they
 * are to be rendered, the tail. A tail that begins with a comma loses it where a row has no members.
 */
export function recordLines(page: TapePage, { frame, tailOf, renderings, over = null }: RecordLinesOptions): Buffer {
  const tails = tailOf === undefined ? null : Array.from({ length: page.rowCount }, (_, row) => tailOf(row));
  const tailBytes = tails?.reduce((sum, tail) => sum + tail.length, 0) ?? page.rowCount * frame.tail.length;
  const writer = createJsonWriter(page, page.rowCount * frame.head.length + tailBytes, over);
  const modes = renderings === undefined || renderings.size === 0 ? null : modesOf(page, renderings);
  const head = stampOf(frame.head);
  const commonTail = stampOf(frame.tail);
  const { rowStarts } = page;
  let w = 0;
  for (let row = 0; row < page.rowCount; row++) {
    const start = rowStarts[row] as number;
    const end = rowStarts[row + 1] as number;
    w = writeStamp(writer, head, w);
    w = modes === null ? writeMembers(writer, start, end, w) : writeRendered(writer, { start, end, modes }, w);
    if (tails === null && start < end) w = writeStamp(writer, commonTail, w);
    else w = writeTail(writer, tails?.[row] ?? frame.tail, { isFirst: start === end }, w);
  }
  return writer.bytes.subarray(0, w);
}

function writeTail(writer: JsonWriter, tail: Buffer, { isFirst }: { readonly isFirst: boolean }, at: number): number {
  return at + tail.copy(writer.bytes, at, isFirst && tail[0] === COMMA ? 1 : 0);
}

/** Bytes that are written again and again, to be copied a word at a time: a call into the runtime costs more. */
interface Stamp {
  readonly words: Int32Array;
  readonly length: number;
}

function stampOf(bytes: Buffer): Stamp {
  const words = new Int32Array((bytes.length + 3) >> 2);
  bytes.copy(new Uint8Array(words.buffer));
  return { words, length: bytes.length };
}

/** Up to three bytes behind the stamp are written too, and overwritten by what follows. */
function writeStamp({ target }: JsonWriter, { words, length }: Stamp, at: number): number {
  for (let i = 0; i < words.length; i++) target.setInt32(at + i * 4, words[i] as number, IS_LITTLE_ENDIAN);
  return at + length;
}

/** Words of an Int32Array are in the order of the machine. */
const IS_LITTLE_ENDIAN = new Uint8Array(new Int32Array([1]).buffer)[0] === 1;

/** Renderings by attribute id, for looking them up at every attribute. */
function modesOf({ attributes }: TapePage, renderings: ReadonlyMap<number, Rendering>): Uint8Array {
  const modes = new Uint8Array(attributes.size);
  for (const [id, rendering] of renderings) modes[id] = rendering === 'text' ? TEXT : NUMBER_TEXT;
  return modes;
}

interface RenderedRow {
  readonly start: number;
  readonly end: number;
  readonly modes: Uint8Array;
}

/** As `writeMembers`, for the top-level attributes of a row of which some are to be rendered. */
function writeRendered(writer: JsonWriter, { start, end, modes }: RenderedRow, at: number): number {
  const { page } = writer;
  let i = start;
  let w = at;
  while (i < end) {
    const mode = modes[(page.tape[i] as number) >>> ID_SHIFT] as number;
    w = writeString(writer, i, w);
    writer.bytes[w++] = COLON;
    i += ENTRY_WORDS;
    w = isRendered(page, i, mode) ? writeText(writer, i, w) : writeValue(writer, i, w);
    i = behind(page, i);
    if (i < end) writer.bytes[w++] = COMMA;
  }
  return w;
}

function isRendered({ tape }: TapePage, index: number, mode: number): boolean {
  if (mode === AS_IT_IS) return false;
  const kind = (tape[index] as number) & MASK;
  // An S and a B are written as their canonical text anyway, and faster.
  return kind === KIND_N || (mode === TEXT && kind >= KIND_TRUE && kind !== KIND_NULL);
}

/** Writes the canonical text of an N, a boolean or a container as a JSON string. */
function writeText(writer: JsonWriter, index: number, at: number): number {
  const { page, bytes } = writer;
  const tag = page.tape[index] as number;
  if ((tag & (MASK | NOT_PLAIN)) === KIND_N) {
    // Between quotes in the body already.
    return copyBytes(writer, (page.tape[index + 1] as number) - 1, (page.tape[index + 2] as number) + 1, at);
  }
  if ((tag & MASK) < KIND_NULL && (tag & MASK) >= KIND_TRUE) {
    bytes[at] = QUOTE;
    const w = writeValue(writer, index, at + 1);
    bytes[w] = QUOTE;
    return w + 1;
  }
  const text = JSON.stringify(canonicalTextOf(page, index));
  makeRoom(writer, Buffer.byteLength(text), at);
  return at + writer.bytes.write(text, at);
}

const AS_IT_IS = 0;
const NUMBER_TEXT = 1;
const TEXT = 2;
// Declared here because imports are slow in hot code, see scan-text.ts.
const ID_SHIFT = ATTRIBUTE_ID_SHIFT;
const MASK = KIND_MASK;
const ENTRY_WORDS = TAPE_ENTRY_WORDS;
const NOT_PLAIN = TapeFlag.notPlain;
const KIND_N = Kind.N;
const KIND_TRUE = Kind.true;
const KIND_NULL = Kind.null;
const COLON = 0x3a;
const COMMA = 0x2c;
const QUOTE = 0x22;
