import { isIllFormed } from './well-formed.ts';

/** Names with numbers from 0 on, found from the bytes of a body without making strings. */
export interface NameTable {
  readonly size: number;
  /** The name of a number; undefined where none has it. */
  name(id: number): string | undefined;
  idOf(name: string): number | undefined;
  /** The number of the name that lies in `body` without escapes; -1 if it is not in the table. */
  find(body: Buffer, start: number, end: number): number;
  /** Gives a name that is not in the table yet the next number. */
  add(name: string): number;
}

export function createNameTable(initial: readonly string[]): NameTable {
  const names: string[] = [];
  const ids = new Map<string, number>();
  let bytes = Buffer.alloc(64);
  let byteCount = 0;
  // Where the name of an id lies in `bytes`; an end before the start marks a name that raw bytes cannot spell.
  const starts: number[] = [];
  const ends: number[] = [];
  // Open addressing; a slot holds id + 1, 0 is free; at most half full.
  let slots = new Int32Array(16);

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
  const isName = (id: number, body: Buffer, start: number, end: number): boolean => {
    const offset = (starts[id] as number) - start;
    if ((ends[id] as number) - offset !== end) return false;
    for (let i = start; i < end; i++) if (bytes[i + offset] !== body[i]) return false;
    return true;
  };

  // Not a getter: those of two tables differ, which would make every table a shape of its own to V8.
  const table = {
    size: 0,
    name: (id: number): string | undefined => names[id],
    idOf: (name: string): number | undefined => ids.get(name),
    find: (body: Buffer, start: number, end: number): number => {
      const mask = slots.length - 1;
      for (let slot = hashOf(body, start, end) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const id = (slots[slot] as number) - 1;
        if (isName(id, body, start, end)) return id;
      }
      return -1;
    },
    add: (name: string): number => {
      const id = names.length;
      names.push(name);
      table.size = names.length;
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
    },
  };
  for (const name of initial) table.add(name);
  return table;
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
