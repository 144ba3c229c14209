import type { ColumnType } from '../../src/model/column-plan.ts';
import { actualCell, expectedCell } from './cells.ts';
import type { DynamoItem } from './dynamo-item.ts';

/** A column as the destination itself describes it, and the attribute that fills it. */
export interface FoundColumn {
  readonly column: string;
  readonly attribute: string;
  readonly type: ColumnType;
}

/** A row as the destination holds it: column to text, binary as base64. */
export type FoundRow = Readonly<Record<string, string | null>>;

export interface Comparison {
  readonly sourceItems: number;
  readonly destinationRows: number;
  /** Keys of items without a row. */
  readonly missing: readonly string[];
  /** Keys of rows without an item. */
  readonly unexpected: readonly string[];
  /** Keys that have more than one row. */
  readonly duplicated: readonly string[];
  /** Key and column of cells that differ, and attributes that have no column at all. */
  readonly different: readonly string[];
}

/**
 * Compares a table with what was loaded from it: every key once, every attribute of every item exactly or as its
 * canonical text, nothing that the item does not have. Shares no code with what it judges.
 */
export function compareExactly(options: {
  readonly items: Iterable<DynamoItem>;
  readonly rows: Iterable<FoundRow>;
  readonly columns: readonly FoundColumn[];
  readonly key: readonly string[];
}): Comparison {
  const { columns, key } = options;
  const columnOf = new Map(columns.map((column) => [column.attribute, column]));
  const keyColumns = key.map((attribute) => {
    const column = columnOf.get(attribute);
    if (column === undefined) throw new Error(`The key attribute ${attribute} has no column`);
    return column;
  });
  const itemsByKey = new Map<string, DynamoItem>();
  for (const item of options.items) {
    const keyText = JSON.stringify(keyColumns.map(({ attribute, type }) => expectedCell(item[attribute], type)));
    if (itemsByKey.has(keyText)) throw new Error(`The source has the key ${keyText} twice`);
    itemsByKey.set(keyText, item);
  }
  const seen = new Set<string>();
  const duplicated: string[] = [];
  const unexpected: string[] = [];
  const different: string[] = [];
  let destinationRows = 0;
  for (const row of options.rows) {
    destinationRows += 1;
    const keyText = JSON.stringify(
      keyColumns.map(({ column, type }) => actualCell(row[column] ?? null, type, undefined)),
    );
    const item = itemsByKey.get(keyText);
    if (seen.has(keyText)) duplicated.push(keyText);
    else if (item === undefined) unexpected.push(keyText);
    else different.push(...differences(item, row, columns).map((column) => `${keyText} ${column}`));
    seen.add(keyText);
  }
  return {
    sourceItems: itemsByKey.size,
    destinationRows,
    missing: [...itemsByKey.keys()].filter((keyText) => !seen.has(keyText)),
    unexpected,
    duplicated,
    different,
  };
}

/** What a comparison of equal contents looks like. */
export function exact(count: number): Comparison {
  return {
    sourceItems: count,
    destinationRows: count,
    missing: [],
    unexpected: [],
    duplicated: [],
    different: [],
  };
}

function differences(item: DynamoItem, row: FoundRow, columns: readonly FoundColumn[]): readonly string[] {
  const found = columns.flatMap(({ column, attribute, type }) => {
    const value = Object.hasOwn(item, attribute) ? item[attribute] : undefined;
    const expected = expectedCell(value, type);
    const raw = row[column] ?? null;
    // Text that should be JSON but is not counts as different, not as an error of the comparison.
    try {
      return actualCell(raw, type, value) === expected ? [] : [column];
    } catch {
      return [column];
    }
  });
  const attributes = new Set(columns.map(({ attribute }) => attribute));
  const homeless = Object.entries(item).filter(([name, value]) => !attributes.has(name) && !('NULL' in value));
  return [...found, ...homeless.map(([name]) => `attribute ${name} without a column`)];
}
