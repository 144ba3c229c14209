/** A scalar type that DynamoDB allows for key attributes: string, number, binary. */
export type KeyType = 'S' | 'N' | 'B';

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

/** The primary key of a table: the hash attribute, then the range attribute where the table has one. */
export type TableKey = readonly [KeyAttribute] | readonly [KeyAttribute, KeyAttribute];

/**
 * What a selection names: `orders` is a table, `orders/by-customer` the view of its secondary index. `/` cannot occur in
 * a DynamoDB name (Naming rules: a-z A-Z 0-9 _ - .).
 */
export interface TableRef {
  readonly table: string;
  readonly index: string | null;
}

export function parseTableRef(text: string): TableRef {
  const slash = text.indexOf('/');
  return slash < 0 ? { table: text, index: null } : { table: text.slice(0, slash), index: text.slice(slash + 1) };
}

export function formatTableRef({ table, index }: TableRef): string {
  return index === null ? table : `${table}/${index}`;
}
