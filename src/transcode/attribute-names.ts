import { type AttributeNames, MAX_ATTRIBUTE_IDS } from '../model/tape.ts';
import { TributaryError } from '../platform/errors.ts';
import { type AttributeHeads, createAttributeHeads } from './attribute-heads.ts';
import { createNameTable } from './name-table.ts';

/**
 * The growing dictionary of one table. Names are found from the bytes of the body without making strings; a name is one
 * attribute however it was escaped.
 */
export interface AttributeDictionary extends AttributeNames {
  /** The id of a name; undefined while no page had it. */
  idOf(name: string): number | undefined;
  /** How attributes begin, as far as the scanner has seen. */
  readonly heads: AttributeHeads;
  /** The id of a name that lies in `body` without escapes; a new one if it has none yet, DROPPED_ID if it is dropped. */
  idOfBytes(body: Buffer, start: number, end: number): number;
  /** The id of a name that had to be unescaped; a new one if it has none yet, DROPPED_ID if it is dropped. */
  idOfText(name: string): number;
}

export interface DictionaryOptions {
  /** Whether pages leave out what global tables of version 2017.11.29 add to every item. */
  readonly dropGlobalTableAttributes?: boolean;
}

/** Stands for every attribute that pages leave out as if the item did not have it. No name has this id. */
export const DROPPED_ID = MAX_ATTRIBUTE_IDS;

/** Developer Guide, "Global tables version 2017.11.29 (Legacy)", "How it works". */
const GLOBAL_TABLE_ATTRIBUTES = ['aws:rep:deleting', 'aws:rep:updatetime', 'aws:rep:updateregion'];

/** A dictionary that knows the attributes of the primary key: hash 0, range 1. They are never dropped. */
export function createAttributeDictionary(
  keyAttributes: readonly string[],
  { dropGlobalTableAttributes = false }: DictionaryOptions = {},
): AttributeDictionary {
  const table = createNameTable(keyAttributes);
  const dropped: readonly string[] = dropGlobalTableAttributes ? GLOBAL_TABLE_ATTRIBUTES : [];

  /** Dropped names never get into the table, so that looking up the others costs nothing more. */
  const add = (name: string): number => {
    if (dropped.includes(name)) return DROPPED_ID;
    if (table.size === MAX_ATTRIBUTE_IDS) {
      throw new TributaryError('SCHEMA_TOO_WIDE', `The table has more than ${MAX_ATTRIBUTE_IDS} attribute names`);
    }
    const id = table.add(name);
    dictionary.size = table.size;
    return id;
  };

  // Not a getter: those of two dictionaries differ, which would make every dictionary a shape of its own to V8.
  const dictionary = {
    size: table.size,
    name: (id: number): string => {
      const name = table.name(id);
      if (name === undefined) throw new TributaryError('BUG', `No attribute has the id ${id}`);
      return name;
    },
    idOf: table.idOf,
    idOfText: (name: string): number => table.idOf(name) ?? add(name),
    idOfBytes: (body: Buffer, start: number, end: number): number => {
      const id = table.find(body, start, end);
      return id >= 0 ? id : add(body.toString('utf8', start, end));
    },
    heads: createAttributeHeads(),
  };
  return dictionary;
}
