/** Type evidence about one attribute, accumulated over the life of a table; it never narrows. See schema/lattice.ts. */
export interface AttributeEvidence {
  /** Bits of ObservedKind. */
  readonly kinds: number;
  readonly integerDigits: number;
  readonly scale: number;
  readonly beyondInt64: boolean;
  readonly doubleExact: boolean;
  /** `text` and `json` absorb later kinds, so which family came first decides: null before the first typed value. */
  readonly family: 'boolean' | 'number' | 'text' | 'binary' | 'json' | null;
}

/** One row of `_tributary_columns`: unique by (table, version, attribute) and by (table, version, column name). */
export interface StoredColumn {
  readonly attribute: string;
  /** Null until a typed value was seen: attributes that are only NULL have no column yet. */
  readonly columnName: string | null;
  readonly evidence: AttributeEvidence;
}

export interface StoredSchema {
  readonly schemaVersion: number;
  /** Key attributes first, then in the order in which they got their columns, then those that have none yet. */
  readonly columns: readonly StoredColumn[];
}
