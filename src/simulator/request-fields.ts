import { frameworkError } from './service-error.ts';

/** A JSON object of a request whose members nobody has checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses a request body. Errors: SerializationException where it is not a JSON object. */
export function parseBody(text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw serializationError('the request body is not JSON');
  }
  return fieldsOf(parsed, 'request');
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw serializationError(`${what} is not an object`);
  return value;
}

export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw serializationError(`${name} is not a string`);
}

export function optionalInteger(fields: Fields, name: string): number | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return value;
  throw serializationError(`${name} is not an integer`);
}

export function optionalFlag(fields: Fields, name: string): boolean | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw serializationError(`${name} is not a boolean`);
}

export function optionalFields(fields: Fields, name: string): Fields | undefined {
  const value = fields[name] ?? undefined;
  return value === undefined ? undefined : fieldsOf(value, name);
}

export function optionalList(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || Array.isArray(value)) return value;
  throw serializationError(`${name} is not a list`);
}

export function listOfFields(fields: Fields, name: string): readonly Fields[] {
  return (optionalList(fields, name) ?? []).map((element) => fieldsOf(element, name));
}

export function listOfTexts(fields: Fields, name: string): readonly string[] {
  return (optionalList(fields, name) ?? []).map((element) => {
    if (typeof element !== 'string') throw serializationError(`${name} holds something that is not a string`);
    return element;
  });
}

/** A map of strings, such as ExpressionAttributeNames. */
export function optionalTextMap(fields: Fields, name: string): ReadonlyMap<string, string> | undefined {
  const map = optionalFields(fields, name);
  if (map === undefined) return undefined;
  return new Map(
    Object.entries(map).map(([key, value]) => {
      if (typeof value !== 'string') throw serializationError(`${name} holds something that is not a string`);
      return [key, value];
    }),
  );
}

export function serializationError(what: string): Error {
  return frameworkError('SerializationException', `Start of structure or map found where not expected: ${what}`);
}
