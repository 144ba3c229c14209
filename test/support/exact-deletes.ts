import { actualCell, expectedCell } from './cells.ts';
import type { DynamoItem } from './dynamo-item.ts';
import type { FoundColumn, FoundRow } from './exact.ts';

export interface DeleteComparison {
  readonly deletedKeys: number;
  readonly deletedRows: number;
  /** Keys that are no more in the source and have no row that says so. */
  readonly missing: readonly string[];
  /** Keys of rows that are marked as deleted and should not be. */
  readonly unexpected: readonly string[];
  readonly duplicated: readonly string[];
  /** Key and column of values that a row has kept although its item is gone. */
  readonly kept: readonly string[];
}

/**
 * Compares the rows that are marked as deleted with the keys that were written once and are no more in the source. For
 * `deletes: soft` without the last image: nothing but the key is left.
 */
export function compareDeletes(options: {
  readonly gone: Iterable<DynamoItem>;
  readonly deletedRows: Iterable<FoundRow>;
  readonly columns: readonly FoundColumn[];
  readonly key: readonly string[];
}): DeleteComparison {
  const { columns, key } = options;
  const keyColumns = columns.filter(({ attribute }) => key.includes(attribute));
  const others = columns.filter(({ attribute }) => !key.includes(attribute));
  const gone = new Set<string>();
  for (const item of options.gone) {
    gone.add(JSON.stringify(keyColumns.map(({ attribute, type }) => expectedCell(item[attribute], type))));
  }
  const seen = new Set<string>();
  const duplicated: string[] = [];
  const unexpected: string[] = [];
  const kept: string[] = [];
  let deletedRows = 0;
  for (const row of options.deletedRows) {
    deletedRows += 1;
    const keyText = JSON.stringify(
      keyColumns.map(({ column, type }) => actualCell(row[column] ?? null, type, undefined)),
    );
    if (seen.has(keyText)) duplicated.push(keyText);
    else if (!gone.has(keyText)) unexpected.push(keyText);
    seen.add(keyText);
    for (const { column } of others) if (row[column] != null) kept.push(`${keyText} ${column}`);
  }
  const missing = [...gone].filter((keyText) => !seen.has(keyText));
  return { deletedKeys: gone.size, deletedRows, missing, unexpected, duplicated, kept };
}

/** What a comparison looks like where every delete has arrived. */
export function exactDeletes(count: number): DeleteComparison {
  return { deletedKeys: count, deletedRows: count, missing: [], unexpected: [], duplicated: [], kept: [] };
}
