import type { Position } from './position.ts';
import type { UnitId } from './unit.ts';

/** So long ago that everything since may be lost. */
export const UNKNOWN_TIME_MS = 0;

/** What a shard's bookmark holds beside its position. Times are by the clock of AWS, milliseconds since the epoch. */
export interface ShardProgress {
  /** `_sdc_sequence` of its last change, else what it has inherited from its parent; the base of the version at least. */
  readonly sequence: bigint;
  /**
   * Every change of the shard that was made before this is durable, and nothing older lies over it. For a shard that was
   * not read yet: that of its parent; of a captured root the time of the capture, since the Scan comes after it. It falls
   * when such a root is read: then its old records are applied again over what the Scan has brought, and nothing is right
   * before the last of them that is durable. UNKNOWN_TIME_MS after a person has put the bookmark at a number.
   */
  readonly verifiedThroughMs: number;
}

export interface ShardBookmark extends ShardProgress {
  /** As it was listed, also when it is no more; null for a shard that never had one. */
  readonly parent: string | null;
  /** Hash of the root shard: a child has the lane of its parent, so lineage never crosses lanes. */
  readonly lane: number;
  readonly firstListedAtMs: number;
}

/** A unit as it begins: where from, and for a shard what is known of it. */
export interface NewUnit {
  readonly unit: UnitId;
  readonly position: Position;
  /** Null for a segment. */
  readonly shard: ShardBookmark | null;
}

/** The bookmark of a unit as the destination holds it. */
export interface UnitState extends NewUnit {
  /** Raised by every takeover; a commit under an older epoch misses. */
  readonly epoch: number;
}

/**
 * One unit of a commit: it moves only `WHERE epoch = mine AND position = from`. `from` and `to` are equal where only the
 * progress of a shard is brought up to date.
 */
export interface UnitMove {
  readonly unit: UnitId;
  readonly epoch: number;
  readonly from: Position;
  readonly to: Position;
  /** Null for a segment. */
  readonly shard: ShardProgress | null;
}
