/** What owns a position: one segment of a parallel Scan (total included: a resume key is valid only with it), one shard. */
export type UnitId = SegmentUnitId | ShardUnitId;
export type SegmentUnitId = `segment:${number}/${number}`;
export type ShardUnitId = `shard:${string}`;

export interface Segment {
  readonly segment: number;
  readonly totalSegments: number;
}

export function segmentUnit({ segment, totalSegments }: Segment): SegmentUnitId {
  return `segment:${segment}/${totalSegments}`;
}

/** The segment of a unit id, or null for a shard. */
export function parseSegmentUnit(unit: UnitId): Segment | null {
  const match = /^segment:(\d+)\/(\d+)$/.exec(unit);
  return match ? { segment: Number(match[1]), totalSegments: Number(match[2]) } : null;
}

export function shardUnit(shardId: string): ShardUnitId {
  return `shard:${shardId}`;
}

/** The shard of a unit id, or null for a segment. */
export function parseShardUnit(unit: UnitId): string | null {
  return unit.startsWith('shard:') ? unit.slice('shard:'.length) : null;
}
