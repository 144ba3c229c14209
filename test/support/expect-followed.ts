import { expect } from 'vitest';
import { readDuckDbTable } from './duckdb-reader.ts';
import type { DynamoItem } from './dynamo-item.ts';
import { compareExactly, exact } from './exact.ts';

interface FollowedTable {
  /** The DuckDB file. */
  readonly path: string;
  /** Of the source `shop`; the destination has it under the same name. */
  readonly table: string;
  readonly key: readonly string[];
  /** What the source has now. */
  readonly items: readonly DynamoItem[];
  /** Every key that it ever had since it was first read, and nothing but the key, by any text. */
  readonly keys: ReadonlyMap<string, DynamoItem>;
}

/**
 * The destination holds what the source holds, item by item, and for every key that is gone a row that says so and has
 * nothing else. Resolves to what `_sdc_deleted_by` says of those, by key.
 */
export async function expectFollowed({
  path,
  table,
  key,
  items,
  keys,
}: FollowedTable): Promise<readonly FoundDelete[]> {
  const found = await readDuckDbTable(path, { source: 'shop', name: table, schema: 'shop', table });
  const { columns, rows, deletedRows, versions } = found;
  expect(compareExactly({ items, rows, columns, key })).toEqual(exact(items.length));
  const present = new Set(items.map((item) => keyText(item, key)));
  const gone = [...keys.values()].filter((item) => !present.has(keyText(item, key)));
  // An item of its key alone is what a deleted row has to be equal to.
  expect(compareExactly({ items: gone, rows: deletedRows, columns, key })).toEqual(exact(gone.length));
  expect(versions).toHaveLength(1);
  return deletedRows.map((row) => ({ key: row[key[0] ?? ''] ?? null, by: row['_sdc_deleted_by'] ?? null }));
}

interface FoundDelete {
  /** Of the first key attribute. */
  readonly key: string | null;
  readonly by: string | null;
}

function keyText(item: DynamoItem, key: readonly string[]): string {
  return JSON.stringify(key.map((name) => item[name]));
}
