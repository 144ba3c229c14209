const CAMEL_CASE = /^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/;

/**
 * A value as JSON text with our own camelCase keys in snake_case, as in the configuration file. Other keys (IAM documents,
 * placeholders) stay as they are; a bigint becomes a string, for readers that know only doubles.
 */
export function toJsonText(value: unknown): string {
  return JSON.stringify(withSnakeCaseKeys(value));
}

function withSnakeCaseKeys(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(withSnakeCaseKeys);
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [snakeCase(key), withSnakeCaseKeys(child)]));
}

function snakeCase(key: string): string {
  return CAMEL_CASE.test(key) ? key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key;
}
