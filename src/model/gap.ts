/** How changes were lost between a table and its copy. Each is found by evidence, but for the last. */
export const GAP_KINDS = [
  /** The position of a shard was trimmed before it was read. */
  'position-trimmed',
  /** A shard disappeared before it was read to its end. */
  'shard-lost',
  /** A shard whose parent was never seen: the parent expired unread. */
  'parent-lost',
  /** The table has another stream: nothing proves that there were no writes between the two. */
  'stream-replaced',
  /** The stream was disabled; writes since then leave no record. */
  'stream-disabled',
  /** The stream no longer carries new images. */
  'view-type-changed',
  /** The table was deleted and created again under its name. */
  'table-replaced',
  /** By age alone: a shard has no number to go on from, and is so far behind that its oldest records may be missing. */
  'may-have-been-trimmed',
] as const;
export type GapKind = (typeof GAP_KINDS)[number];

/** One row of `_tributary_gaps`. Times are milliseconds since the epoch. */
export interface Gap {
  readonly gapId: string;
  readonly source: string;
  readonly table: string;
  readonly version: number;
  readonly kind: GapKind;
  readonly streamArn: string;
  /** Null when it is not about one shard. */
  readonly shard: string | null;
  /** Changes made from here on may be missing; null when unknown. */
  readonly fromMs: number | null;
  /** Changes made after this are not missing. */
  readonly toMs: number;
  readonly detectedAtMs: number;
  /** What was seen, for a person. */
  readonly detail: string;
  /** `resync`: the table is read again by itself. `waits`: a person decides. `failed`: three gaps in one snapshot. */
  readonly reaction: 'resync' | 'waits' | 'failed';
  /** When the table was whole again; null until then. */
  readonly resolvedAtMs: number | null;
}
