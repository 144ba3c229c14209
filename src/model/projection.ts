/** One step of a document path: an attribute name (placeholders resolved) or a list index. */
export type PathStep = { readonly attribute: string } | { readonly index: number };

/** A path begins with a top-level attribute: `a.b[1]` is [{attribute: a}, {attribute: b}, {index: 1}]. */
export type DocumentPath = readonly [{ readonly attribute: string }, ...PathStep[]];

/**
 * A projection expression after parsing: what a Scan sends (`expression`, `attributeNames`) and what it means (`paths`).
 * Paths never overlap; DynamoDB refuses that.
 */
export interface ParsedProjection {
  readonly expression: string;
  /** Placeholder (with its `#`) to attribute name; only those that the expression uses. */
  readonly attributeNames: Readonly<Record<string, string>>;
  readonly paths: readonly DocumentPath[];
}
