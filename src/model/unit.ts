/** What owns a position: one segment of a parallel Scan (total included: a resume key is valid only with it), one shard. */
export type UnitId = `segment:${number}/${number}` | `shard:${string}`;

export interface Segment {
  readonly segment: number;
  readonly totalSegments: number;
}

export function segmentUnit({ segment, totalSegments }: Segment): UnitId {
  return `segment:${segment}/${totalSegments}`;
}

/** The segment of a unit id, or null for a shard. */
export function parseSegmentUnit(unit: UnitId): Segment | null {
  const match = /^segment:(\d+)\/(\d+)$/.exec(unit);
  return match ? { segment: Number(match[1]), totalSegments: Number(match[2]) } : null;
}
