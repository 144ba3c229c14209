import type { Rendering } from '../model/record-frame.ts';
import type { AttributeEvidence, StoredColumn } from '../model/stored-schema.ts';
import type { TableKey } from '../model/table.ts';
import { ObservedKind } from '../model/tape.ts';
import { DELETED_AT } from './metadata-attributes.ts';

/** JSON Schema of the records of a stream. */
export interface JsonSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, PropertySchema>>;
}

export interface PropertySchema {
  readonly type: readonly JsonType[];
  readonly format?: 'date-time' | 'singer.decimal';
  readonly contentEncoding?: 'base64';
}

type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'object' | 'array';

/** Integers of more digits do not all survive an IEEE double, which many targets read JSON numbers into. */
const DOUBLE_DIGITS = 15;

/**
 * The schema of the records that hold the columns, each value written as `renderingOf` says. Attributes that were only
 * NULL so far have no property: their type would change with the first value. With more evidence a property only becomes
 * wider: a number a decimal text, anything a text. There are no integers, because a target may be unable to make a number
 * of one later.
 */
export function inferredSchema(
  columns: readonly StoredColumn[],
  { key, hasDeletes }: { readonly key: TableKey; readonly hasDeletes: boolean },
): JsonSchema {
  const keyNames = new Set(key.map(({ name }) => name));
  const properties: [string, PropertySchema][] = [];
  for (const { attribute, evidence } of columns) {
    const property = propertyOf(evidence);
    if (property === null) continue;
    const { type, ...rest } = property;
    properties.push([attribute, { type: keyNames.has(attribute) ? type : ['null', ...type], ...rest }]);
  }
  if (hasDeletes) {
    const isOwn = properties.some(([name]) => name === DELETED_AT);
    properties.push([DELETED_AT, { type: ['null', 'string'], ...(isOwn ? {} : { format: 'date-time' }) }]);
  }
  return { type: 'object', properties: Object.fromEntries(properties) };
}

/** Of the attributes that are not written as they are. `hasDeletes`: one of the name `_sdc_deleted_at` has our times, too. */
export function renderingsByName(
  columns: readonly StoredColumn[],
  { hasDeletes }: { readonly hasDeletes: boolean },
): ReadonlyMap<string, Rendering> {
  const renderings = new Map<string, Rendering>();
  for (const column of columns) {
    const rendering = hasDeletes && column.attribute === DELETED_AT ? 'text' : renderingOf(column);
    if (rendering !== null) renderings.set(column.attribute, rendering);
  }
  return renderings;
}

/** How the values of a column are written to fit its property; null: as they are. */
export function renderingOf({ evidence }: StoredColumn): Rendering | null {
  switch (evidence.family) {
    case 'number':
      return isWide(evidence) ? 'number-text' : null;
    case 'text':
      return evidence.kinds === ObservedKind.text ? null : 'text';
    case 'json':
      return evidence.kinds === ObservedKind.json ? null : 'text';
    default:
      // Booleans and binary values are of one kind, any other would have made them text. Without a value there is only NULL.
      return null;
  }
}

/** Without the null that all but keys may be. */
function propertyOf(evidence: AttributeEvidence): PropertySchema | null {
  switch (evidence.family) {
    case 'boolean':
      return { type: ['boolean'] };
    case 'number':
      return isWide(evidence) ? { type: ['string'], format: 'singer.decimal' } : { type: ['number'] };
    case 'text':
      return { type: ['string'] };
    case 'binary':
      return { type: ['string'], contentEncoding: 'base64' };
    case 'json':
      // Scalars among them: targets whose columns hold only containers would fail.
      return evidence.kinds === ObservedKind.json ? { type: ['object', 'array'] } : { type: ['string'] };
    default:
      return null;
  }
}

/**
 * Whether a double is too narrow for the numbers of a column, or will be: of integers that are as long as that, only some
 * are exact, and it is better to know at the first one than at a later one, because few targets can change a column. Fractions
 * are judged one by one: most that have 16 or 17 digits were doubles before.
 */
function isWide({ integerDigits, doubleExact }: AttributeEvidence): boolean {
  return !doubleExact || integerDigits > DOUBLE_DIGITS;
}
