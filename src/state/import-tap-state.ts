import { crc32 } from 'node:zlib';
import { ZodError } from 'zod';
import type { ListedShard } from '../connection/stream-calls.ts';
import { afterKey, type Position, shardPosition } from '../model/position.ts';
import { segmentUnit, shardUnit } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { messageOf, TributaryError } from '../platform/errors.ts';
import { parseTapState, type TapBookmark } from '../singer/tap-state.ts';
import { parsePosition } from './position-text.ts';

/**
 * The tap reads closed shards only. A shard is closed after about four hours, so when a run of it had ended well, nothing
 * older than this was unread: its own rule for what has aged out.
 */
const UNREAD_AT_SUCCESS_MS = 4.5 * 3_600_000;

/** The bookmarks of the Python tap-dynamodb by table. Throws STATE_INVALID. */
export function readTapState(text: string): ReadonlyMap<string, TapBookmark> {
  try {
    return parseTapState(JSON.parse(text));
  } catch (error) {
    const [issue] = error instanceof ZodError ? error.issues : [];
    const reason = issue === undefined ? messageOf(error) : `${issue.path.map(String).join('.')}: ${issue.message}`;
    throw new TributaryError('STATE_INVALID', `The file is no state of tap-dynamodb: ${reason}`, {
      hint: 'Name the file that the tap gets with --state: {"bookmarks": {"TABLE": {...}}}',
      cause: error,
    });
  }
}

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
  const readFromMs = succeededAtMs ?? version;
  if (readFromMs === null) return 'the tap has not begun to read it';
  const verifiedThroughMs = readFromMs - UNREAD_AT_SUCCESS_MS;
  return [...segments(bookmark), ...shards(bookmark, finishedShards, { ...options, verifiedThroughMs })];
}

/** The tap scans with one segment. */
function segments({ isInitialLoadComplete, lastEvaluatedKey }: TapBookmark): readonly NewUnit[] {
  if (isInitialLoadComplete) return [];
  const unit = segmentUnit({ segment: 0, totalSegments: 1 });
  if (lastEvaluatedKey === null) return [{ unit, position: 'start', shard: null }];
  const key = Object.entries(lastEvaluatedKey).map(([name, value]) => [name, keyValue(value)]);
  return [{ unit, position: parsePosition(unit, afterKey(JSON.stringify(Object.fromEntries(key)))), shard: null }];
}

/** The tap writes the bytes of a binary key as text, not as base64; it cannot write others than UTF-8. */
function keyValue(value: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { B: binary } = value;
  return binary === undefined ? value : { B: Buffer.from(binary, 'utf8').toString('base64') };
}

function shards(
  { shardSequenceNumbers }: TapBookmark,
  finishedShards: readonly string[],
  options: TapConversion & { readonly verifiedThroughMs: number },
): readonly NewUnit[] {
  const { listing, base: sequence, laneCount, awsNowMs, verifiedThroughMs } = options;
  const listed = new Map(listing.map((shard) => [shard.shardId, shard]));
  const finished = new Set(finishedShards);
  const isNamed = (shardId: string): boolean => finished.has(shardId) || Object.hasOwn(shardSequenceNumbers, shardId);
  const units = new Map<string, NewUnit>();

  const positionOf = (shardId: string, parent: NewUnit | undefined): Position => {
    // Below what is not read nothing counts as read: an older change would come after a newer one.
    const isFree = parent === undefined || parent.position === 'end';
    const sequenceNumber = shardSequenceNumbers[shardId];
    if (isFree && sequenceNumber !== undefined) return shardPosition('after', sequenceNumber);
    if (isFree && finished.has(shardId)) return 'end';
    const first = listed.get(shardId)?.startingSequenceNumber ?? null;
    return first === null ? 'start' : shardPosition('at', first);
  };
  const add = (shardId: string): NewUnit => {
    const known = units.get(shardId);
    if (known !== undefined) return known;
    const parentId = listed.get(shardId)?.parentShardId ?? null;
    const isLineage = parentId !== null && parentId !== shardId && (listed.has(parentId) || isNamed(parentId));
    const parent = isLineage ? add(parentId) : undefined;
    const unit: NewUnit = {
      unit: shardUnit(shardId),
      position: positionOf(shardId, parent),
      shard: {
        parent: parentId,
        lane: parent?.shard?.lane ?? crc32(shardId) % laneCount,
        ...{ sequence, verifiedThroughMs, firstListedAtMs: awsNowMs },
      },
    };
    units.set(shardId, unit);
    return unit;
  };

  for (const { shardId, parentShardId } of listing) {
    // The first shards of a stream follow on nothing. The parent of a listed shard proves that nothing lies between.
    if (isNamed(shardId) || parentShardId === null) add(shardId);
    if (parentShardId !== null && isNamed(parentShardId)) add(parentShardId);
  }
  // Shards that were not read to their end and are no more: whoever reads the stream will find that out.
  for (const shardId of Object.keys(shardSequenceNumbers)) add(shardId);
  return [...units.values()];
}
