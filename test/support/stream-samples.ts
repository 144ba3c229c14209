import { type BatchChanges, ChangeKind } from '../../src/model/change.ts';
import type { Gap } from '../../src/model/gap.ts';
import type { Position } from '../../src/model/position.ts';
import type { FollowedStream } from '../../src/model/table-state.ts';
import { type ShardUnitId, shardUnit } from '../../src/model/unit.ts';
import type { NewUnit, ShardBookmark } from '../../src/model/unit-state.ts';
import type { DynamoItem } from './dynamo-item.ts';

/** What a stream says of one key, with the `_sdc_sequence` that it gets. */
export interface Change {
  readonly kind: keyof typeof ChangeKind;
  /** The new image; of a delete the key, or the last image. */
  readonly item: DynamoItem;
  readonly sequence: bigint;
  readonly createdAtMs: number;
}

/** Second in which all changes are made that do not say otherwise. */
export const CHANGED_AT_MS = Date.UTC(2030, 0, 1, 12);

export function upsert(item: DynamoItem, sequence: bigint): Change {
  return { kind: 'upsert', item, sequence, createdAtMs: CHANGED_AT_MS };
}

export function remove(item: DynamoItem, sequence: bigint, more: Partial<Change> = {}): Change {
  return { kind: 'delete', item, sequence, createdAtMs: CHANGED_AT_MS, ...more };
}

/** The changes of a batch as a destination gets them; their items are its rows. */
export function batchChanges(changes: readonly Change[]): BatchChanges {
  return {
    kinds: Uint8Array.from(changes, ({ kind }) => ChangeKind[kind]),
    sequences: BigInt64Array.from(changes, ({ sequence }) => sequence),
    createdAtMs: Float64Array.from(changes, ({ createdAtMs }) => createdAtMs),
  };
}

export const STREAM: FollowedStream = {
  arn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2030-01-01T00:00:00.000',
  laneCount: 4,
  gapCount: 0,
  gapEndMs: null,
};

/** A shard as it begins: captured, at its start. */
export function newShard(
  unit: ShardUnitId,
  { position = 'start', ...bookmark }: Partial<ShardBookmark> & { readonly position?: Position } = {},
): NewUnit {
  const known = { sequence: 0n, verifiedThroughMs: 1, parent: null, lane: 0, firstListedAtMs: 1 };
  return { unit, position, shard: { ...known, ...bookmark } };
}

/** Names of shards as AWS makes them. */
export function shards(count: number): readonly ShardUnitId[] {
  return Array.from({ length: count }, (_, n) => shardUnit(`shardId-${String(n).padStart(20, '0')}-abcdef01`));
}

/** A gap of the table `shop.orders` that is not resolved. */
export function gap(gapId: string, more: Partial<Gap> = {}): Gap {
  return {
    gapId,
    source: 'shop',
    table: 'orders',
    version: 1,
    kind: 'position-trimmed',
    streamArn: STREAM.arn,
    shard: 'shardId-1',
    fromMs: CHANGED_AT_MS - 90_000_000,
    toMs: CHANGED_AT_MS,
    detectedAtMs: CHANGED_AT_MS,
    detail: 'The shard was trimmed',
    reaction: 'resync',
    resolvedAtMs: null,
    ...more,
  };
}
