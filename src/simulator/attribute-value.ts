import { canonicalNumber, numberSizeBytes } from './number-text.ts';
import { type Fields, fieldsOf, listOfTexts, optionalList, serializationError } from './request-fields.ts';
import { validationError } from './service-error.ts';

/** A value as the simulator keeps it: numbers canonical, binary as base64, maps in insertion order. */
export type AttributeValue =
  | { readonly type: 'S' | 'N' | 'B'; readonly text: string }
  | { readonly type: 'BOOL'; readonly value: boolean }
  | { readonly type: 'NULL' }
  | { readonly type: 'SS' | 'NS' | 'BS'; readonly texts: readonly string[] }
  | { readonly type: 'L'; readonly values: readonly AttributeValue[] }
  | { readonly type: 'M'; readonly entries: Attributes };

/** A Map, because an attribute may be called `__proto__`. */
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** Levels of a value, its own included (Quotas, Nested attribute depth). */
const MAX_DEPTH = 32;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const SET_NAMES = { SS: 'string', NS: 'number', BS: 'binary' } as const;

/** Reads `{"name": {"S": "x"}, ...}` and checks it as a write does. */
export function parseAttributes(value: unknown, depth = 1): Attributes {
  const attributes = new Map<string, AttributeValue>();
  for (const [name, member] of Object.entries(fieldsOf(value, 'attribute map'))) {
    if (name === '') throw validationError('Empty attribute name');
    attributes.set(name, parseAttributeValue(member, depth));
  }
  return attributes;
}

export function parseAttributeValue(value: unknown, depth = 1): AttributeValue {
  if (depth > MAX_DEPTH) {
    throw validationError(
      'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
    );
  }
  const fields = fieldsOf(value, 'attribute value');
  const types = Object.keys(fields).filter((type) => TYPES.has(type));
  const [type] = types;
  if (type === undefined) {
    throw validationError('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  }
  if (types.length > 1) {
    throw validationError(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  return parseTyped(type, fields, depth);
}

const TYPES: ReadonlySet<string> = new Set(['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M']);

function parseTyped(type: string, fields: Fields, depth: number): AttributeValue {
  switch (type) {
    case 'S':
      return { type, text: textOf(fields, type) };
    case 'N':
      return { type, text: canonicalNumber(textOf(fields, type)) };
    case 'B':
      return { type, text: checkedBase64(textOf(fields, type)) };
    case 'BOOL': {
      const flag = fields['BOOL'];
      if (typeof flag !== 'boolean') throw serializationError('BOOL is not a boolean');
      return { type, value: flag };
    }
    case 'NULL':
      if (fields['NULL'] !== true) {
        throw invalidValue('Null attribute value types must have the value of true');
      }
      return { type };
    case 'SS':
    case 'NS':
    case 'BS':
      return { type, texts: parseSet(type, listOfTexts(fields, type)) };
    case 'L':
      return { type, values: (optionalList(fields, type) ?? []).map((value) => parseAttributeValue(value, depth + 1)) };
    default:
      return { type: 'M', entries: parseAttributes(fields['M'], depth + 1) };
  }
}

function parseSet(type: 'SS' | 'NS' | 'BS', texts: readonly string[]): readonly string[] {
  if (texts.length === 0) throw invalidValue(`An ${SET_NAMES[type]} set  may not be empty`);
  const canonical = texts.map((text) => {
    if (type === 'NS') return canonicalNumber(text);
    return type === 'BS' ? checkedBase64(text) : text;
  });
  if (new Set(canonical).size < canonical.length) {
    throw type === 'SS'
      ? invalidValue(`Input collection [${texts.join(', ')}] contains duplicates`)
      : validationError('Input collection contains duplicates');
  }
  return canonical;
}

function textOf(fields: Fields, type: string): string {
  const text = fields[type];
  if (typeof text !== 'string') throw serializationError(`${type} is not a string`);
  return text;
}

function checkedBase64(text: string): string {
  if (!BASE64.test(text)) throw serializationError('B is not base64');
  return text;
}

function invalidValue(reason: string): Error {
  return validationError(`One or more parameter values were invalid: ${reason}`);
}

/** DynamoDB JSON text of a map of attributes. */
export function attributesJson(attributes: Attributes): string {
  let json = '{';
  for (const [name, value] of attributes) {
    json += `${json === '{' ? '' : ','}${JSON.stringify(name)}:${valueJson(value)}`;
  }
  return `${json}}`;
}

function valueJson(value: AttributeValue): string {
  switch (value.type) {
    case 'S':
      return `{"S":${JSON.stringify(value.text)}}`;
    case 'N':
    case 'B':
      // Canonical numbers and base64 need no escaping.
      return `{"${value.type}":"${value.text}"}`;
    case 'BOOL':
      return `{"BOOL":${value.value}}`;
    case 'NULL':
      return '{"NULL":true}';
    case 'L':
      return `{"L":[${value.values.map(valueJson).join(',')}]}`;
    case 'M':
      return `{"M":${attributesJson(value.entries)}}`;
    default:
      return `{"${value.type}":${JSON.stringify(value.texts)}}`;
  }
}

/** Item size as DynamoDB counts it (Item sizes and formats): names and values in UTF-8 bytes. */
export function attributesSizeBytes(attributes: Attributes): number {
  let bytes = 0;
  for (const [name, value] of attributes) bytes += Buffer.byteLength(name) + valueSizeBytes(value);
  return bytes;
}

/** A list or map costs 3 bytes and 1 more per element. */
const CONTAINER_BYTES = 3;

function valueSizeBytes(value: AttributeValue): number {
  switch (value.type) {
    case 'BOOL':
    case 'NULL':
      return 1;
    case 'SS':
      return value.texts.reduce((bytes, text) => bytes + scalarSizeBytes('S', text), 0);
    case 'NS':
      return value.texts.reduce((bytes, text) => bytes + scalarSizeBytes('N', text), 0);
    case 'BS':
      return value.texts.reduce((bytes, text) => bytes + scalarSizeBytes('B', text), 0);
    case 'L':
      return value.values.reduce((bytes, element) => bytes + 1 + valueSizeBytes(element), CONTAINER_BYTES);
    case 'M':
      return CONTAINER_BYTES + value.entries.size + attributesSizeBytes(value.entries);
    default:
      return scalarSizeBytes(value.type, value.text);
  }
}

function scalarSizeBytes(type: 'S' | 'N' | 'B', text: string): number {
  if (type === 'N') return numberSizeBytes(text);
  return Buffer.byteLength(text, type === 'B' ? 'base64' : 'utf8');
}
