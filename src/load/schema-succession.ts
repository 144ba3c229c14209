import { isDeepStrictEqual } from 'node:util';
import type { StoredSchema } from '../model/stored-schema.ts';

/**
 * Whether a commit may bring `next` where `stored` is: the same schema, or a later one that leaves every column to its
 * attribute. Anything else was made by a process that does not know what another has named since: values of one attribute
 * could land in the column of another.
 */
export function maySucceed(stored: StoredSchema, next: StoredSchema): boolean {
  if (next.schemaVersion <= stored.schemaVersion) return isDeepStrictEqual(next.columns, stored.columns);
  const names = new Map(next.columns.map(({ attribute, columnName }) => [attribute, columnName]));
  return stored.columns.every(
    ({ attribute, columnName }) => columnName === null || names.get(attribute) === columnName,
  );
}
