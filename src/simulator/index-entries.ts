import type { Attributes } from './attribute-value.ts';
import { attributesOf, createEntry, type Entry } from './entry.ts';
import { positionOf } from './key-position.ts';
import type { IndexDefinition, KeySchema } from './table-definition.ts';

/** What an index holds of its table: items that have all its key attributes, with the attributes it projects. */
export function buildIndexEntries(
  tableEntries: readonly Entry[],
  index: IndexDefinition,
  tableKey: KeySchema,
): readonly Entry[] {
  const entries: Entry[] = [];
  for (const entry of tableEntries) {
    const item = attributesOf(entry);
    const indexPosition = indexKeyPosition(item, index, tableKey);
    if (indexPosition === null) continue;
    entries.push(createEntry(indexPosition, projectedAttributes(item, index, tableKey)));
  }
  return entries.sort((a, b) => (a.position < b.position ? -1 : 1));
}

/** Index keys are not unique, so the table's key completes the position. Null where a key attribute is missing. */
export function indexKeyPosition(attributes: Attributes, index: IndexDefinition, tableKey: KeySchema): string | null {
  const own = positionOf(attributes, index.key);
  const table = positionOf(attributes, tableKey);
  return own === null || table === null ? null : `${own}|${table}`;
}

/** Names of the attributes that an index holds, or null for all. */
export function projectedNames(index: IndexDefinition, tableKey: KeySchema): ReadonlySet<string> | null {
  if (index.projection === 'ALL') return null;
  return new Set([
    ...tableKey.map(({ name }) => name),
    ...index.key.map(({ name }) => name),
    ...(index.projection === 'INCLUDE' ? index.includedAttributes : []),
  ]);
}

function projectedAttributes(item: Attributes, index: IndexDefinition, tableKey: KeySchema): Attributes {
  const names = projectedNames(index, tableKey);
  return names === null ? item : new Map([...item].filter(([name]) => names.has(name)));
}
