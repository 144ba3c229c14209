import { crc32 } from 'node:zlib';
import type { ListedShard } from '../connection/stream-calls.ts';
import { afterKey, type Position, shardPosition } from '../model/position.ts';
import { parseShardUnit, segmentUnit, shardUnit } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import type { TapBookmark, TapKey } from '../singer/tap-state.ts';
import { comparePositions, parsePosition } from './position-text.ts';
import { readSingerState } from './read-singer-state.ts';

/**
 * The tap reads closed shards only. A shard is closed after about four hours, so when a run of it had ended well, nothing
 * older than this was unread: its own rule for what has aged out.
 */
const UNREAD_AT_SUCCESS_MS = 4.5 * 3_600_000;

/** The bookmarks of the Python tap-dynamodb by table. Throws STATE_INVALID where there are none. */
export function readTapState(text: string): ReadonlyMap<string, TapBookmark> {
  const { bookmarks } = readSingerState(text, { path: null, hint: HINT });
  if (bookmarks.size > 0) return bookmarks;
  throw new TributaryError('STATE_INVALID', 'The file is no state of tap-dynamodb: it has no bookmarks', {
    hint: HINT,
  });
}

const HINT = 'Name the file that the tap gets with --state: {"bookmarks": {"TABLE": {...}}}';

interface TapConversion {
  readonly listing: readonly ListedShard[];
  /** Of the version that begins with these units. */
  readonly base: bigint;
  readonly laneCount: number;
  readonly awsNowMs: number;
}

/**
 * The units with which a version goes on where the tap has stopped; as a sentence why not where it cannot. Shards that the
 * tap does not name and that come after named ones are left to whoever reads the stream, and so are those that nothing
 * leads to: their parents may have expired unread.
 */
export function unitsOfTapBookmark(bookmark: TapBookmark, options: TapConversion): readonly NewUnit[] | string {
  const { finishedShards, succeededAtMs, version } = bookmark;
  if (finishedShards === null) return 'the tap has not replicated it through its stream';
  if (succeededAtMs === null && version === null) return 'the tap has not begun to read it';
  const { lastEvaluatedKey: key } = bookmark;
  const isReadable = key === null || isLoadComplete(bookmark) || isTapKey(key);
  if (!isReadable) return 'its last_evaluated_key is no key of an item';
  const verifiedThroughMs = Math.max(succeededAtMs ?? 0, version ?? 0) - UNREAD_AT_SUCCESS_MS;
  return [...segments(bookmark), ...shards(bookmark, { ...options, known: new Map(), verifiedThroughMs })];
}

/**
 * The shards of a version of ours that the Python tap may have gone on with since `writtenAtMs`: each where the one of the
 * two has got to that has got further. `units` are those of ours then. A number of a shard that is neither
 * ours nor listed is left over from an older state.
 */
export function shardsAfterTap(
  bookmark: TapBookmark,
  options: TapConversion & { readonly units: readonly NewUnit[]; readonly writtenAtMs: number },
): readonly NewUnit[] {
  const { units, writtenAtMs, listing } = options;
  const readThroughMs = (bookmark.succeededAtMs ?? 0) - UNREAD_AT_SUCCESS_MS;
  const listed = new Set(listing.map(({ shardId }) => shardId));
  const known = units.map((unit): readonly [string, NewUnit] => {
    const shardId = parseShardUnit(unit.unit) ?? '';
    // A shard that was there then was closed by that time, and the tap reads closed shards before they are gone.
    const wasRead = readThroughMs >= writtenAtMs && !listed.has(shardId) && unit.position !== 'end';
    return [shardId, wasRead ? asRead(unit, readThroughMs) : unit];
  });
  const isOurs = new Map(known);
  const isStale = (shardId: string): boolean => !isOurs.has(shardId) && !listed.has(shardId);
  const numbers = Object.entries(bookmark.shardSequenceNumbers).filter(([shardId]) => !isStale(shardId));
  const current = { ...bookmark, shardSequenceNumbers: Object.fromEntries(numbers) };
  return shards(current, { ...options, known: isOurs, verifiedThroughMs: readThroughMs });
}

function asRead(unit: NewUnit, readThroughMs: number): NewUnit {
  const { shard } = unit;
  const verifiedThroughMs = Math.max(shard?.verifiedThroughMs ?? 0, readThroughMs);
  return { ...unit, position: 'end', shard: shard && { ...shard, verifiedThroughMs } };
}

/**
 * Whether the tap has read all of a table that it follows. A version that it has begun after its last success is one that
 * it has not finished: it begins one only where it has removed the bookmark, and who merges states brings back what the
 * bookmark said before.
 */
export function isLoadComplete({ isInitialLoadComplete, succeededAtMs, version }: TapBookmark): boolean {
  return isInitialLoadComplete && (version ?? 0) <= (succeededAtMs ?? Number.POSITIVE_INFINITY);
}

/** The tap scans with one segment. */
function segments(bookmark: TapBookmark): readonly NewUnit[] {
  return isLoadComplete(bookmark) ? [] : [segmentOfTapKey(bookmark.lastEvaluatedKey)];
}

/** Whether it can be one of an item: two of a merge of two states are none. */
export function isTapKey(key: TapKey): boolean {
  const values = Object.values(key).map((value) => Object.keys(value));
  return values.length > 0 && values.every(([type = '', ...others]) => KEY_TYPES.has(type) && others.length === 0);
}

const KEY_TYPES: ReadonlySet<string> = new Set(['S', 'N', 'B']);

/** The one segment of the tap's Scan; with what `isTapKey` refuses there is none. */
export function segmentOfTapKey(lastEvaluatedKey: TapKey | null): NewUnit {
  const unit = segmentUnit({ segment: 0, totalSegments: 1 });
  if (lastEvaluatedKey === null) return { unit, position: 'start', shard: null };
  const key = Object.entries(lastEvaluatedKey).map(([name, value]) => [name, keyValue(value)]);
  return { unit, position: parsePosition(unit, afterKey(JSON.stringify(Object.fromEntries(key)))), shard: null };
}

/** The tap writes the bytes of a binary key as text, not as base64; it cannot write others than UTF-8. */
function keyValue(value: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { B: binary } = value;
  return binary === undefined ? value : { B: Buffer.from(binary, 'utf8').toString('base64') };
}

/** `known` are units that are there already; they stay, and only ever go forward. */
function shards(
  { shardSequenceNumbers, finishedShards }: TapBookmark,
  options: TapConversion & { readonly verifiedThroughMs: number; readonly known: ReadonlyMap<string, NewUnit> },
): readonly NewUnit[] {
  const { listing, base: sequence, laneCount, awsNowMs, verifiedThroughMs, known } = options;
  const listed = new Map(listing.map((shard) => [shard.shardId, shard]));
  const finished = new Set(finishedShards);
  const isNamed = (shardId: string): boolean => finished.has(shardId) || Object.hasOwn(shardSequenceNumbers, shardId);
  const units = new Map<string, NewUnit>();

  const tapPosition = (shardId: string): Position | null => {
    // The tap looks at this first, too; a number beside it is left over from an older state.
    if (finished.has(shardId)) return 'end';
    const sequenceNumber = shardSequenceNumbers[shardId];
    return sequenceNumber === undefined ? null : shardPosition('after', sequenceNumber);
  };
  const unreadPosition = (shardId: string): Position => {
    const first = listed.get(shardId)?.startingSequenceNumber ?? null;
    return first === null ? 'start' : shardPosition('at', first);
  };
  const unitOf = (shardId: string, parent: NewUnit | undefined, parentId: string | null): NewUnit => {
    // Below what is not read nothing counts as read: an older change would come after a newer one.
    const isFree = parent === undefined || parent.position === 'end';
    const reached = isFree ? tapPosition(shardId) : null;
    const before = known.get(shardId);
    if (before !== undefined) return movedOn(before, reached, verifiedThroughMs);
    const lane = parent?.shard?.lane ?? crc32(shardId) % laneCount;
    return {
      unit: shardUnit(shardId),
      position: reached ?? unreadPosition(shardId),
      shard: { parent: parentId, lane, sequence, verifiedThroughMs, firstListedAtMs: awsNowMs },
    };
  };
  const add = (shardId: string): NewUnit => {
    const present = units.get(shardId);
    if (present !== undefined) return present;
    const parentId = known.get(shardId)?.shard?.parent ?? listed.get(shardId)?.parentShardId ?? null;
    const isLineage =
      parentId !== null && parentId !== shardId && (listed.has(parentId) || known.has(parentId) || isNamed(parentId));
    const unit = unitOf(shardId, isLineage ? add(parentId) : undefined, parentId);
    units.set(shardId, unit);
    return unit;
  };

  for (const shardId of known.keys()) add(shardId);
  for (const { shardId, parentShardId } of listing) {
    // The first shards of a stream follow on nothing. The parent of a listed shard proves that nothing lies between.
    if (isNamed(shardId) || parentShardId === null) add(shardId);
    if (parentShardId !== null && isNamed(parentShardId)) add(parentShardId);
  }
  // Shards that were not read to their end and are no more: whoever reads the stream will find that out.
  for (const shardId of Object.keys(shardSequenceNumbers)) if (!finished.has(shardId)) add(shardId);
  return [...units.values()];
}

/** The unit where the tap has got to, if that is further. */
function movedOn(before: NewUnit, reached: Position | null, readThroughMs: number): NewUnit {
  if (reached === null || (comparePositions(before.unit, [before.position, reached]) ?? 0) >= 0) return before;
  return reached === 'end' ? asRead(before, readThroughMs) : { ...before, position: reached };
}
