import { createHash } from 'node:crypto';
import type { Attributes, AttributeValue } from './attribute-value.ts';
import { sortableNumber } from './number-text.ts';
import { validationError } from './service-error.ts';
import type { KeyAttribute, KeySchema } from './table-definition.ts';

/**
 * Where a key lies in its table: the hash of the partition key in hex, then the range key in a form that sorts as
 * DynamoDB orders it. Unique for a primary key, and plain string comparison gives the order of a Scan.
 */
export type Position = string;

export interface ScanSegment {
  readonly segment: number;
  readonly totalSegments: number;
}

const HASH_DIGITS = 8;
const HASH_SPACE = 16 ** HASH_DIGITS;

/** The position of an item by `key`, or null where it lacks a key attribute (an index leaves such items out). */
export function positionOf(attributes: Attributes, key: KeySchema): Position | null {
  const [hash, range] = key;
  const hashValue = attributes.get(hash.name);
  if (hashValue === undefined) return null;
  const digest = createHash('md5').update(sortableKey(hashValue)).digest('hex');
  if (range === undefined) return digest;
  const rangeValue = attributes.get(range.name);
  return rangeValue === undefined ? null : digest + sortableKey(rangeValue);
}

/**
 * The segment that a position falls into: the space of hashes is cut into `totalSegments` equal ranges, so that a
 * partition lies in exactly one segment and the segments follow each other in Scan order. Exact: 2^32 * 10^6 < 2^53.
 */
export function segmentOf(position: Position, totalSegments: number): number {
  return Math.floor((Number.parseInt(position.slice(0, HASH_DIGITS), 16) * totalSegments) / HASH_SPACE);
}

/** The smallest position of a segment; no item lies at or before it, as items have longer positions. */
export function segmentStart({ segment, totalSegments }: ScanSegment): Position {
  return Math.ceil((segment * HASH_SPACE) / totalSegments)
    .toString(16)
    .padStart(HASH_DIGITS, '0');
}

/** The values of `key` in an item that is written. Errors: ValidationException for a missing, mistyped, empty or long key. */
export function checkedKey(attributes: Attributes, key: KeySchema): Attributes {
  const values = new Map<string, AttributeValue>();
  for (const attribute of key) {
    const value = attributes.get(attribute.name);
    if (value === undefined) throw validationError('One of the required keys was not given a value');
    checkKeyValue(value, attribute, 'Type mismatch for key');
    values.set(attribute.name, value);
  }
  checkKeyLengths(values, key);
  return values;
}

export function checkKeyValue(value: AttributeValue, { name, type }: KeyAttribute, mismatch: string): void {
  if (value.type !== type) throw validationError(`One or more parameter values were invalid: ${mismatch}`);
  if ('text' in value && value.text === '') {
    const kind = type === 'B' ? 'binary' : 'string';
    throw validationError(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
    );
  }
}

/** Limits of key values in bytes (Quotas, Partition keys and sort keys). */
const MAX_KEY_BYTES = [2048, 1024];

function checkKeyLengths(values: Attributes, key: KeySchema): void {
  for (const [index, { name }] of key.entries()) {
    const value = values.get(name);
    if (value !== undefined && sortableKey(value).length > (MAX_KEY_BYTES[index] ?? 0) && value.type !== 'N') {
      throw validationError(
        'Hash primary key values must be under 2048 bytes, and range primary key values must be under 1024 bytes',
      );
    }
  }
}

/** One code unit per byte for strings and binary, so that strings compare as their bytes do. */
function sortableKey(value: AttributeValue): string {
  if (value.type === 'N') return sortableNumber(value.text);
  if (value.type === 'S') return Buffer.from(value.text, 'utf8').toString('latin1');
  return value.type === 'B' ? Buffer.from(value.text, 'base64').toString('latin1') : '';
}
