import { type AttributeNames, MAX_ATTRIBUTE_IDS } from '../model/tape.ts';
import { TributaryError } from '../platform/errors.ts';
import { isIllFormed } from './well-formed.ts';

/**
 * The growing dictionary of one table. Names are found from the bytes of the body without making strings; a name is one
 * attribute however it was escaped.
 */
export interface AttributeDictionary extends AttributeNames {
  /** The id of a name; undefined while no page had it. */
  idOf(name: string): number | undefined;
  /** The id of a name that lies in `body` without escapes; a new one if it has none yet. */
  idOfBytes(body: Buffer, view: DataView, start: number, end: number): number;
  /** The id of a name that had to be unescaped; a new one if it has none yet. */
  idOfText(name: string): number;
  /**
   * Position of the closing quote if exactly the name of `id` lies at `at`, else -1. With a good guess of the id this is
   * cheaper than looking for the end of the name and then for its id. Names that need escapes never match.
   */
  endOfName(id: number, body: DataView, at: number): number;
  isAscii(id: number): boolean;
}

/** A dictionary that knows the attributes of the primary key: hash 0, range 1. */
export function createAttributeDictionary(keyAttributes: readonly string[]): AttributeDictionary {
  const names: string[] = [];
  const ids = new Map<string, number>();
  let bytes = new DataView(new ArrayBuffer(1024));
  let byteCount = 0;
  // Where the name of an id lies in `bytes`; an end before the start marks a name that raw bytes cannot spell.
  const starts: number[] = [];
  const ends: number[] = [];
  const ascii: boolean[] = [];
  // Open addressing; a slot holds id + 1, 0 is free; at most half full.
  let slots = new Int32Array(256);

  const store = (raw: Buffer): void => {
    const needed = byteCount + raw.length;
    if (needed > bytes.byteLength) {
      const longer = new Uint8Array(needed * 2);
      longer.set(new Uint8Array(bytes.buffer));
      bytes = new DataView(longer.buffer);
    }
    new Uint8Array(bytes.buffer).set(raw, byteCount);
    byteCount = needed;
  };
  const add = (name: string): number => {
    const id = names.length;
    if (id === MAX_ATTRIBUTE_IDS) {
      throw new TributaryError('SCHEMA_TOO_WIDE', `The table has more than ${MAX_ATTRIBUTE_IDS} attribute names`);
    }
    names.push(name);
    ids.set(name, id);
    ascii.push(Buffer.byteLength(name) === name.length);
    if (needsEscapes(name)) {
      starts.push(0);
      ends.push(-1);
      return id;
    }
    const raw = Buffer.from(name);
    starts.push(byteCount);
    ends.push(byteCount + raw.length);
    store(raw);
    if (names.length * 2 > slots.length) rehash();
    else insert(id);
    return id;
  };
  const insert = (id: number): void => {
    const mask = slots.length - 1;
    let slot = hashOf(new Uint8Array(bytes.buffer), starts[id] as number, ends[id] as number) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = id + 1;
  };
  const rehash = (): void => {
    slots = new Int32Array(slots.length * 2);
    for (let id = 0; id < names.length; id++) if ((ends[id] as number) >= 0) insert(id);
  };
  const idOfText = (name: string): number => ids.get(name) ?? add(name);
  const endOfName = (id: number, body: DataView, at: number): number => {
    const start = starts[id] as number;
    const length = (ends[id] as number) - start;
    const end = at + length;
    // Also leaves out the names that raw bytes cannot spell.
    if (length < 0 || end + 4 > body.byteLength) return -1;
    let n = 0;
    for (; n <= length - 4; n += 4) if (bytes.getInt32(start + n, true) !== body.getInt32(at + n, true)) return -1;
    for (; n < length; n++) if (bytes.getUint8(start + n) !== body.getUint8(at + n)) return -1;
    return body.getUint8(end) === QUOTE ? end : -1;
  };

  for (const name of keyAttributes) idOfText(name);
  return {
    get size() {
      return names.length;
    },
    name: (id) => {
      const name = names[id];
      if (name === undefined) throw new TributaryError('BUG', `No attribute has the id ${id}`);
      return name;
    },
    idOf: (name) => ids.get(name),
    idOfText,
    idOfBytes: (body, view, start, end) => {
      const mask = slots.length - 1;
      for (let slot = hashOf(body, start, end) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const id = (slots[slot] as number) - 1;
        if (endOfName(id, view, start) === end) return id;
      }
      // New, or too near to the end of the body for comparing words.
      return idOfText(body.toString('utf8', start, end));
    },
    endOfName,
    isAscii: (id) => ascii[id] === true,
  };
}

const QUOTE = 0x22;

/** Whether the bytes between the quotes of a JSON string can never be the bytes of the name itself. */
function needsEscapes(name: string): boolean {
  return JSON.stringify(name).length !== name.length + 2 || isIllFormed(name);
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  // The low bits decide the slot: fold the high ones, which mix better, into them.
  return hash ^ (hash >>> 15);
}
