import { crc32 } from 'node:zlib';
import type { ListedShard } from '../../connection/stream-calls.ts';
import { isCertainlyHeld } from '../../model/retention.ts';
import { parseShardUnit, shardUnit, type UnitId } from '../../model/unit.ts';
import type { NewUnit, UnitState } from '../../model/unit-state.ts';
import { shardCreationMs } from './shard-creation.ts';

export interface CaptureOptions {
  /** By the clock of AWS: nothing that was made before is owed, since the Scan comes after it. */
  readonly awsNowMs: number;
  readonly base: bigint;
  readonly laneCount: number;
}

/**
 * A shard that closed longer ago than this holds nothing that an eventually consistent Scan could still miss. Less than
 * seconds in practice; AWS names no bound.
 */
const SETTLED_AFTER_MS = 10 * 60_000;

/**
 * The units that a version begins with: what is listed is owed from now on. Open shards are read, and their ancestors back
 * to one that closed 10 minutes ago or earlier (all of them where that is unknown), each from its start; older ones count
 * as finished. Everything below a captured shard is captured, too: a shard must never be readable before its ancestors
 * are, or an older change of a key would get the greater sequence.
 */
export function captureStream(listing: readonly ListedShard[], options: CaptureOptions): readonly NewUnit[] {
  return capture(listing, { ...options, units: new Map(), lost: new Set() });
}

/**
 * The shards to read after a gap. Lost shards that are still listed begin again, with all below them; those that are gone
 * are dropped; listed shards that are no unit are captured; the others go on where they stand. Shards that were finished
 * long ago and are gone without a child are dropped, too: the gap covers what was behind them, and nothing else would ever
 * end the search for it.
 */
export function recaptureShards(
  units: readonly UnitState[],
  listing: readonly ListedShard[],
  lost: readonly string[],
  options: CaptureOptions,
): { readonly captured: readonly NewUnit[]; readonly dropped: readonly UnitId[] } {
  const isListed = new Set(listing.map(({ shardId }) => shardId));
  const isLost = new Set(lost);
  const parents = new Set(units.map(({ shard }) => shard?.parent ?? null));
  const kept = new Map<string, NewUnit>();
  const dropped: UnitId[] = [];
  for (const unit of units) {
    const shardId = parseShardUnit(unit.unit);
    if (shardId === null || unit.shard === null) continue;
    const isOld = unit.position === 'end' && !isCertainlyHeld(unit.shard.verifiedThroughMs, options.awsNowMs);
    const isGone = isLost.has(shardId) || (isOld && !parents.has(shardId));
    if (isGone && !isListed.has(shardId)) dropped.push(unit.unit);
    else kept.set(shardId, unit);
  }
  return { captured: capture(listing, { ...options, units: kept, lost: isLost }), dropped };
}

/** What listed shards begin or begin again with, parents first. `units` stay as they are unless they are lost. */
function capture(
  listing: readonly ListedShard[],
  options: CaptureOptions & { readonly units: ReadonlyMap<string, NewUnit>; readonly lost: ReadonlySet<string> },
): readonly NewUnit[] {
  const { units, lost, awsNowMs, base, laneCount } = options;
  const shards = new Map(listing.map((shard) => [shard.shardId, shard]));
  const owed = owedShards(shards, awsNowMs);
  const captured = new Map<string, NewUnit>();
  for (const { shardId, parentShardId } of parentsFirst(shards)) {
    const unit = units.get(shardId);
    const again = captured.get(parentShardId ?? '');
    const parent = again ?? units.get(parentShardId ?? '');
    const isBelowUnread = parent !== undefined && parent.position !== 'end';
    const isBelowCaptured = isBelowUnread && again !== undefined;
    if (unit !== undefined && !lost.has(shardId) && !isBelowCaptured) continue;
    const isRead = owed.has(shardId) || isBelowUnread || unit !== undefined;
    const lane = unit?.shard?.lane ?? parent?.shard?.lane ?? crc32(shardId) % laneCount;
    const times = { verifiedThroughMs: awsNowMs, firstListedAtMs: awsNowMs };
    captured.set(shardId, {
      unit: shardUnit(shardId),
      position: isRead ? 'start' : 'end',
      shard: { parent: parentShardId, lane, sequence: base, ...times },
    });
  }
  return [...captured.values()];
}

/** The shards without children, and their ancestors back to one that is settled. */
function owedShards(shards: ReadonlyMap<string, ListedShard>, awsNowMs: number): ReadonlySet<string> {
  const closedAtMs = closingTimes(shards, awsNowMs);
  const owed = new Set<string>();
  for (const leaf of shards.keys()) {
    // A closed shard without a child has one that is not listed yet.
    if (closedAtMs.has(leaf)) continue;
    for (let shardId = leaf; shards.has(shardId) && !owed.has(shardId); ) {
      owed.add(shardId);
      if (awsNowMs - (closedAtMs.get(shardId) ?? awsNowMs) >= SETTLED_AFTER_MS) break;
      shardId = shards.get(shardId)?.parentShardId ?? '';
    }
  }
  return owed;
}

/** When shards with children were closed: not later than the youngest child was made. Null: unknown. */
function closingTimes(shards: ReadonlyMap<string, ListedShard>, awsNowMs: number): ReadonlyMap<string, number | null> {
  const closedAtMs = new Map<string, number | null>();
  for (const { shardId, parentShardId } of shards.values()) {
    if (parentShardId === null) continue;
    const madeAtMs = shardCreationMs(shardId, awsNowMs);
    const sibling = closedAtMs.get(parentShardId);
    const isUnknown = madeAtMs === null || sibling === null;
    closedAtMs.set(parentShardId, isUnknown ? null : Math.max(madeAtMs, sibling ?? 0));
  }
  return closedAtMs;
}

function parentsFirst(shards: ReadonlyMap<string, ListedShard>): readonly ListedShard[] {
  const ordered = new Set<ListedShard>();
  for (const shard of shards.values()) {
    const line: ListedShard[] = [];
    for (
      let next: ListedShard | undefined = shard;
      next !== undefined && !ordered.has(next) && !line.includes(next);
      next = shards.get(next.parentShardId ?? '')
    ) {
      line.push(next);
    }
    for (const member of line.reverse()) ordered.add(member);
  }
  return [...ordered];
}
