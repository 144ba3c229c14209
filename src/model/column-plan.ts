import type { KeyType } from './table.ts';

/**
 * Logical column types, the lattice of schema/: a column never changes type while it can hold the value and never
 * narrows. A destination maps them to its own types.
 */
export type ColumnType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'bigint' }
  /** 38 digits in all, `scale` of them behind the point. */
  | { readonly kind: 'decimal'; readonly scale: number }
  /** Only while every value round-trips exactly. */
  | { readonly kind: 'double' }
  /** Any N exactly; only where the capabilities say `exact-numeric`, in place of the three above. */
  | { readonly kind: 'numeric' }
  /** Scalars as their canonical text, containers as JSON text. */
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'binary' };

export interface Column {
  /** Name in the destination, unique in the table without regard to case. */
  readonly name: string;
  /** Top-level attribute of the item that fills it. */
  readonly attribute: string;
  readonly type: ColumnType;
  /** Set on the columns of the primary key; they are never null. */
  readonly key: KeyType | null;
}

/** The columns of one table version, key columns first, then in the order of their first appearance. */
export interface ColumnPlan {
  /** Rises with every change; a commit that was prepared under an older one must prepare again. */
  readonly schemaVersion: number;
  readonly columns: readonly Column[];
}

export function sameType(a: ColumnType, b: ColumnType): boolean {
  return a.kind === b.kind && (a.kind !== 'decimal' || b.kind !== 'decimal' || a.scale === b.scale);
}
