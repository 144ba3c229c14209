import { type AttributeNames, MAX_ATTRIBUTE_IDS } from '../model/tape.ts';
import { TributaryError } from '../platform/errors.ts';
import { type AttributeHeads, createAttributeHeads } from './attribute-heads.ts';
import { isIllFormed } from './well-formed.ts';

/**
 * The growing dictionary of one table. Names are found from the bytes of the body without making strings; a name is one
 * attribute however it was escaped.
 */
export interface AttributeDictionary extends AttributeNames {
  /** The id of a name; undefined while no page had it. */
  idOf(name: string): number | undefined;
  /** How attributes begin, as far as the scanner has seen. */
  readonly heads: AttributeHeads;
  /** The id of a name that lies in `body` without escapes; a new one if it has none yet. */
  idOfBytes(body: Buffer, start: number, end: number): number;
  /** The id of a name that had to be unescaped; a new one if it has none yet. */
  idOfText(name: string): number;
}

/** A dictionary that knows the attributes of the primary key: hash 0, range 1. */
export function createAttributeDictionary(keyAttributes: readonly string[]): AttributeDictionary {
  const names: string[] = [];
  const ids = new Map<string, number>();
  let bytes = Buffer.alloc(1024);
  let byteCount = 0;
  // Where the name of an id lies in `bytes`; an end before the start marks a name that raw bytes cannot spell.
  const starts: number[] = [];
  const ends: number[] = [];
  // Open addressing; a slot holds id + 1, 0 is free; at most half full.
  let slots = new Int32Array(256);

  const add = (name: string): number => {
    const id = names.length;
    if (id === MAX_ATTRIBUTE_IDS) {
      throw new TributaryError('SCHEMA_TOO_WIDE', `The table has more than ${MAX_ATTRIBUTE_IDS} attribute names`);
    }
    names.push(name);
    dictionary.size = names.length;
    ids.set(name, id);
    if (needsEscapes(name)) {
      starts.push(0);
      ends.push(-1);
      return id;
    }
    const raw = Buffer.from(name);
    if (byteCount + raw.length > bytes.length) bytes = Buffer.concat([bytes], (byteCount + raw.length) * 2);
    raw.copy(bytes, byteCount);
    starts.push(byteCount);
    byteCount += raw.length;
    ends.push(byteCount);
    if (names.length * 2 > slots.length) rehash();
    else insert(id);
    return id;
  };
  const insert = (id: number): void => {
    const mask = slots.length - 1;
    let slot = hashOf(bytes, starts[id] as number, ends[id] as number) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = id + 1;
  };
  const rehash = (): void => {
    slots = new Int32Array(slots.length * 2);
    for (let id = 0; id < names.length; id++) if ((ends[id] as number) >= 0) insert(id);
  };
  const idOfText = (name: string): number => ids.get(name) ?? add(name);
  const isName = (id: number, body: Buffer, start: number, end: number): boolean => {
    const offset = (starts[id] as number) - start;
    if ((ends[id] as number) - offset !== end) return false;
    for (let i = start; i < end; i++) if (bytes[i + offset] !== body[i]) return false;
    return true;
  };

  // Not a getter: those of two dictionaries differ, which would make every dictionary a shape of its own to V8.
  const dictionary = {
    size: 0,
    name: (id: number): string => {
      const name = names[id];
      if (name === undefined) throw new TributaryError('BUG', `No attribute has the id ${id}`);
      return name;
    },
    idOf: (name: string): number | undefined => ids.get(name),
    idOfText,
    idOfBytes: (body: Buffer, start: number, end: number): number => {
      const mask = slots.length - 1;
      for (let slot = hashOf(body, start, end) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const id = (slots[slot] as number) - 1;
        if (isName(id, body, start, end)) return id;
      }
      return add(body.toString('utf8', start, end));
    },
    heads: createAttributeHeads(),
  };
  for (const name of keyAttributes) idOfText(name);
  return dictionary;
}

/** Whether the bytes between the quotes of a JSON string can never be the bytes of the name itself. */
function needsEscapes(name: string): boolean {
  return JSON.stringify(name).length !== name.length + 2 || isIllFormed(name);
}

/** FNV-1a. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  // The low bits decide the slot: fold the high ones, which mix better, into them.
  return hash ^ (hash >>> 15);
}
