import type { ScanState } from './scan-state.ts';

/**
 * A memory of how attributes begin. Items of a table list their attributes in nearly the same order with the same types, so
 * behind one attribute the bytes `"name":{"N":` of the next are mostly those that were there last time. Comparing them costs
 * a fraction of scanning them, and equal bytes mean the same however they are written. Belongs to one dictionary, whose ids
 * it remembers. Slot `id + 1` is for what follows the attribute `id`, slot 0 for the first of an item.
 */
export interface AttributeHeads {
  words: Int32Array;
}

/** What a head says; offsets are relative to its first byte, the quote of the name or white space before it. */
export interface AttributeHead {
  /** Tag of the attribute's tape entry: id, kind and flags. */
  readonly tag: number;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** As `scanType` gives it. */
  readonly type: number;
}

export const HEAD_TAG = 1;
export const HEAD_NAME_START = 2;
export const HEAD_NAME_END = 3;
export const HEAD_TYPE = 4;
const HEAD_LENGTH = 0;
const HEAD_BYTES = 5;
/** Longer heads are not remembered. */
const MAX_HEAD_BYTES = 76;
const SLOT_WORDS = HEAD_BYTES + MAX_HEAD_BYTES / 4;

export function createAttributeHeads(): AttributeHeads {
  return { words: new Int32Array(64 * SLOT_WORDS) };
}

/** Position behind the head if the bytes at `at` are the remembered ones, else -1. */
export function matchHead({ words }: AttributeHeads, slot: number, { view }: ScanState, at: number): number {
  let word = slot * SLOT_WORDS;
  if (word >= words.length) return -1;
  const length = words[word] as number;
  const end = at + length;
  if (length === 0 || end + 4 > view.byteLength) return -1;
  word += HEAD_BYTES;
  let i = at;
  for (; i <= end - 4; i += 4) if (words[word++] !== view.getInt32(i, true)) return -1;
  const rest = ~(-1 << ((end - i) << 3));
  return (((words[word] as number) ^ view.getInt32(i, true)) & rest) === 0 ? end : -1;
}

/** A number of the head that `matchHead` has matched. */
export function headField({ words }: AttributeHeads, slot: number, field: number): number {
  return words[slot * SLOT_WORDS + field] as number;
}

/** Remembers the bytes from `at` to `end` and what they say. */
export function rememberHead(
  heads: AttributeHeads,
  slot: number,
  { view }: ScanState,
  { at, end, head }: { readonly at: number; readonly end: number; readonly head: AttributeHead },
): void {
  const length = end - at;
  if (length > MAX_HEAD_BYTES - 4 || end + 4 > view.byteLength) return;
  const base = slot * SLOT_WORDS;
  if (base >= heads.words.length) {
    const longer = new Int32Array(base * 2);
    longer.set(heads.words);
    heads.words = longer;
  }
  const { words } = heads;
  words[base + HEAD_LENGTH] = length;
  words[base + HEAD_TAG] = head.tag;
  words[base + HEAD_NAME_START] = head.nameStart;
  words[base + HEAD_NAME_END] = head.nameEnd;
  words[base + HEAD_TYPE] = head.type;
  // The last word holds bytes behind the head too; `matchHead` masks them.
  for (let i = 0; i <= length; i += 4) words[base + HEAD_BYTES + (i >> 2)] = view.getInt32(at + i, true);
}
