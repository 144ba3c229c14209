import { DuckDBBlobValue, DuckDBDecimalValue, type DuckDBValue } from '@duckdb/node-api';
import type { Column, ColumnPlan, ColumnType } from '../../model/column-plan.ts';
import { ATTRIBUTE_ID_SHIFT, KIND_MASK, Kind, TAPE_ENTRY_WORDS, type TapePage } from '../../model/tape.ts';
import { TributaryError } from '../../platform/errors.ts';
import { jsonTextOf } from '../../transcode/json-text.ts';
import {
  bigintOf,
  bytesOf,
  canonicalTextOf,
  doubleOf,
  hasLoneSurrogate,
  scaledBigintOf,
  textOf,
} from '../../transcode/value.ts';
import type { TableColumn } from './schema-change.ts';
import { holdsSurrogateEscape, withoutLoneSurrogates, withoutSurrogateEscapes } from './surrogates.ts';

/** Turns rows of the tape into typed values by column. */
export interface RowEncoder {
  /**
   * Writes the attributes of one row at `slot` of the columns, all of which hold null there. Returns null, or why the row
   * cannot be loaded: then all of them still hold null.
   */
  encode(page: TapePage, row: number, slot: number): string | null;
}

interface RowEncoderOptions {
  /** The table as it is, in the order of `columns`. */
  readonly table: readonly TableColumn[];
  readonly plan: ColumnPlan;
  readonly columns: readonly DuckDBValue[][];
}

/** The value at a tape index, which is not NULL, as its column takes it. */
type Reader = (page: TapePage, index: number) => DuckDBValue;

/** Where the values of an attribute go. */
interface Place {
  readonly column: Column;
  readonly values: DuckDBValue[];
  readonly read: Reader;
}

/**
 * The encoder of one commit. On the hot path: each row is walked once, an attribute finds its place by its id, and no
 * object is made but the values themselves.
 */
export function createRowEncoder({ table, plan, columns }: RowEncoderOptions): RowEncoder {
  const rescued = new Map<string, string>();
  let unfitKey: string | null = null;

  const valuesOf = (name: string): DuckDBValue[] => {
    const values = columns[table.findIndex((column) => column.name.toLowerCase() === name.toLowerCase())];
    if (values === undefined) throw new TributaryError('BUG', `The table has no column "${name}"`);
    return values;
  };
  /** A key is held exactly or not at all: two keys must not become one. */
  const keyReader =
    ({ key, attribute }: Column, read: Reader): Reader =>
    (page, index) => {
      const fits = kindAt(page, index) === (key === null ? 0 : Kind[key]) && !hasLoneSurrogate(page, index);
      if (fits) return read(page, index);
      unfitKey = attribute;
      return null;
    };

  const places = plan.columns.map((column): Place => {
    const type = table.find(({ name }) => name.toLowerCase() === column.name.toLowerCase())?.type ?? column.type;
    const rescue = (page: TapePage, index: number): void => {
      rescued.set(column.name, jsonTextOf(page, index));
    };
    const read = readerOf(type, rescue);
    return { column, values: valuesOf(column.name), read: column.key === null ? read : keyReader(column, read) };
  });
  const keyPlaces = places.filter(({ column }) => column.key !== null);
  const rescuedValues = valuesOf('_sdc_rescued');

  const placeByAttribute = new Map(places.map((place) => [place.column.attribute, place]));
  let placeById: (Place | undefined)[] = [];
  let names: TapePage['attributes'] | null = null;
  const learnNames = (attributes: TapePage['attributes']): void => {
    if (attributes !== names) placeById = [];
    names = attributes;
    for (let id = placeById.length; id < attributes.size; id++) {
      placeById.push(placeByAttribute.get(attributes.name(id)));
    }
  };

  const rejection = (slot: number): string | null => {
    for (const { column, values } of keyPlaces) {
      if (values[slot] !== null) continue;
      for (const place of places) place.values[slot] = null;
      return unfitKey === column.attribute
        ? `The key attribute "${column.attribute}" does not fit its column`
        : `The key attribute "${column.attribute}" is missing`;
    }
    return null;
  };

  return {
    encode(page, row, slot) {
      const { tape, rowStarts } = page;
      if (page.attributes !== names || page.attributes.size > placeById.length) learnNames(page.attributes);
      unfitKey = null;
      const end = rowStarts[row + 1] as number;
      for (let at = rowStarts[row] as number; at < end; ) {
        const index = at + TAPE_ENTRY_WORDS;
        const kind = (tape[index] as number) & KIND_MASK;
        if (kind !== Kind.null) {
          const id = (tape[at] as number) >>> ATTRIBUTE_ID_SHIFT;
          const place = placeById[id];
          if (place === undefined) throw unplanned(page.attributes.name(id));
          place.values[slot] = place.read(page, index);
        }
        at = kind >= Kind.M ? (tape[index + 2] as number) : index + TAPE_ENTRY_WORDS;
      }
      const reason = rejection(slot);
      if (rescued.size > 0) {
        if (reason === null) rescuedValues[slot] = JSON.stringify(Object.fromEntries(rescued));
        rescued.clear();
      }
      return reason;
    },
  };
}

function readerOf(type: ColumnType, rescue: (page: TapePage, index: number) => void): Reader {
  switch (type.kind) {
    case 'text':
      return (page, index) => {
        if (kindAt(page, index) !== Kind.S) return canonicalTextOf(page, index);
        if (!hasLoneSurrogate(page, index)) return textOf(page, index);
        rescue(page, index);
        return withoutLoneSurrogates(textOf(page, index));
      };
    case 'json':
      return (page, index) => {
        const text = jsonTextOf(page, index);
        if (!holdsSurrogateEscape(text)) return text;
        // DuckDB refuses to read a whole column of JSON when one text in it has half of a surrogate pair.
        rescue(page, index);
        return withoutSurrogateEscapes(text);
      };
    case 'bigint':
      return (page, index) => bigintOf(page, expectKind(page, index, Kind.N, type));
    case 'decimal':
      return (page, index) => {
        const value = scaledBigintOf(page, expectKind(page, index, Kind.N, type), type.scale);
        if (value >= DECIMAL_END || value <= -DECIMAL_END) throw misfit(type);
        return new DuckDBDecimalValue(value, DECIMAL_DIGITS, type.scale);
      };
    case 'double':
      return (page, index) => doubleOf(page, expectKind(page, index, Kind.N, type));
    case 'binary':
      return (page, index) => new DuckDBBlobValue(bytesOf(page, expectKind(page, index, Kind.B, type)));
    case 'boolean':
      return (page, index) => {
        const kind = kindAt(page, index);
        if (kind !== Kind.true && kind !== Kind.false) throw misfit(type);
        return kind === Kind.true;
      };
    case 'numeric':
      throw misfit(type);
  }
}

const DECIMAL_DIGITS = 38;
const DECIMAL_END = 10n ** 38n;

function kindAt(page: TapePage, index: number): number {
  return (page.tape[index] as number) & KIND_MASK;
}

/** The plan covers every row, so a value of another kind is never loaded as something else. */
function expectKind(page: TapePage, index: number, kind: number, type: ColumnType): number {
  if (kindAt(page, index) !== kind) throw misfit(type);
  return index;
}

function misfit(type: ColumnType): TributaryError {
  return new TributaryError('BUG', `A value does not fit its ${type.kind} column, though the plan says that all do`);
}

function unplanned(attribute: string): TributaryError {
  return new TributaryError('BUG', `The attribute "${attribute}" has a value but no column in the plan`);
}
