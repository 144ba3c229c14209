import type { Position } from '../../model/position.ts';
import type { RecordsPage } from '../../transcode/records-page.ts';

/** One answer of a shard that moves its position. It may hold no row: all its records were ignored. */
export interface ChangePage {
  readonly shardId: string;
  readonly from: Position;
  readonly to: Position;
  readonly records: RecordsPage;
  /** By the clock of AWS where it said its time. */
  readonly answeredAtMs: number;
  readonly receivedAtMs: number;
  /** Bytes of memory that are reserved for the page until it is durable; 0 for a page without rows. */
  readonly heldBytes: number;
  /** When everything up to `to` is durable, so is every change of the shard that was made before this (AWS's clock). */
  readonly verifiedThroughMs: number;
}

/** A shard that begins: a child of one that was read to its end. */
export interface NewShard {
  readonly shardId: string;
  readonly parentShardId: string;
  /** `at` its first number; `start` where no listing has shown one. */
  readonly position: Position;
  readonly firstListedAtMs: number;
  /** That of its parent at its end. */
  readonly verifiedThroughMs: number;
}

/**
 * Takes what a stream holds. All calls are synchronous and come in the order in which things are true: the first page of
 * a child never before `finished` of its parent. Nobody is called after the signal of the reading has aborted.
 */
export interface StreamSink {
  /** Takes over the memory of the page. */
  changes(page: ChangePage): void;
  /** Read to its null iterator. `children` that were found so far begin with it, in one commit. */
  finished(end: {
    readonly shardId: string;
    readonly from: Position;
    readonly children: readonly NewShard[];
    /**
     * Children that are units already, since they were captured together with their parent: they go on from its last
     * sequence now, else an older change of a key would get the greater one.
     */
    readonly waiting: readonly string[];
  }): void;
  /** Further children of shards that had finished before. */
  opened(children: readonly NewShard[]): void;
  /** Nothing new: `from` and `to` are equal, unless the shard goes from `start` to `at` its first number. */
  verified(shard: {
    readonly shardId: string;
    readonly from: Position;
    readonly to: Position;
    readonly verifiedThroughMs: number;
  }): void;
  /** A finished shard that nobody needs any more. */
  pruned(shardId: string): void;
}
