import type { ColumnType } from '../../src/model/column-plan.ts';
import type { DynamoValue } from './dynamo-item.ts';
import { canonicalJson, type ExactJson, parseExactJson, plainDecimal } from './exact-json.ts';

/**
 * What a column of the type must hold for a value, as one canonical text: null for NULL and for no value, numbers as plain
 * decimals, binary as base64, containers and everything in a json column as canonical JSON.
 */
export function expectedCell(value: DynamoValue | undefined, type: ColumnType): string | null {
  if (value === undefined || 'NULL' in value) return null;
  if (type.kind === 'json') return canonicalJson(plainJson(value));
  if ('S' in value) return value.S;
  if ('N' in value) return plainDecimal(value.N);
  if ('B' in value) return value.B;
  if ('BOOL' in value) return String(value.BOOL);
  return canonicalJson(plainJson(value));
}

/**
 * The canonical text of what a column was found to hold: `raw` is the text of the destination, with base64 for binary.
 * `value` is what should be there: only it tells JSON text in a text column from other text.
 */
export function actualCell(raw: string | null, type: ColumnType, value: DynamoValue | undefined): string | null {
  if (raw === null) return null;
  if (type.kind === 'json') return canonicalJson(parseExactJson(raw));
  if (type.kind === 'bigint' || type.kind === 'decimal' || type.kind === 'double' || type.kind === 'numeric') {
    return plainDecimal(raw);
  }
  const isContainer = value !== undefined && ['M', 'L', 'SS', 'NS', 'BS'].some((kind) => kind in value);
  return isContainer ? canonicalJson(parseExactJson(raw)) : raw;
}

/** The plain JSON of a value: B as base64, sets as arrays in the order that Tributary promises. */
export function plainJson(value: DynamoValue): ExactJson {
  if ('S' in value) return { kind: 'string', text: value.S };
  if ('N' in value) return { kind: 'number', text: value.N };
  if ('B' in value) return { kind: 'string', text: value.B };
  if ('BOOL' in value) return { kind: 'literal', text: value.BOOL ? 'true' : 'false' };
  if ('NULL' in value) return { kind: 'literal', text: 'null' };
  if ('L' in value) return { kind: 'array', items: value.L.map(plainJson) };
  if ('M' in value) {
    return { kind: 'object', members: Object.entries(value.M).map(([name, member]) => [name, plainJson(member)]) };
  }
  if ('NS' in value) {
    return { kind: 'array', items: [...value.NS].sort(byValue).map((text) => ({ kind: 'number', text })) };
  }
  const texts = 'SS' in value ? value.SS : value.BS;
  return { kind: 'array', items: [...texts].sort(byCodePoint).map((text) => ({ kind: 'string', text })) };
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function byValue(a: string, b: string): number {
  // 130 places hold every fraction that DynamoDB has.
  const scaled = (text: string): bigint => {
    const [integer = '', fraction = ''] = plainDecimal(text).split('.');
    return BigInt(integer.replace('-', '') + fraction.padEnd(130, '0')) * (text.startsWith('-') ? -1n : 1n);
  };
  const difference = scaled(a) - scaled(b);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}
