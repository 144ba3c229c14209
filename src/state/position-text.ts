import { afterKey, type Position, shardPosition } from '../model/position.ts';
import { parseSegmentUnit, parseShardUnit, segmentUnit, shardUnit, type UnitId } from '../model/unit.ts';
import { TributaryError } from '../platform/errors.ts';

/** A sequence number has up to 40 digits (API Reference, StreamRecord). */
const SHARD_POSITION = /^(at|after) (\d{1,40})$/;
const SEGMENT_UNIT = /^segment:(\d+)\/([1-9]\d*)$/;
const SCALAR_TYPES: ReadonlySet<string> = new Set(['S', 'N', 'B']);

/** `segment:3/8` or `shard:shardId-...`. Throws USAGE for anything else. */
export function parseUnitId(text: string): UnitId {
  const match = SEGMENT_UNIT.exec(text);
  const [segment, totalSegments] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && segment < totalSegments) return segmentUnit({ segment, totalSegments });
  const shardId = /^shard:(\S+)$/.exec(text)?.[1];
  if (shardId !== undefined) return shardUnit(shardId);
  throw new TributaryError('USAGE', `${JSON.stringify(text)} is no unit`, {
    hint: 'Write shard:ID or segment:NUMBER/TOTAL, as `tributary state show --table TABLE` lists them',
  });
}

/** A position as a person writes it or a file holds it. Throws USAGE when it is none that the unit can have. */
export function parsePosition(unit: UnitId, text: string): Position {
  if (text === 'start' || text === 'end') return text;
  if (parseShardUnit(unit) === null) return parseSegmentPosition(unit, text);
  const match = SHARD_POSITION.exec(text);
  const [, kind, sequenceNumber] = match ?? [];
  if ((kind === 'at' || kind === 'after') && sequenceNumber !== undefined) return shardPosition(kind, sequenceNumber);
  throw new TributaryError('USAGE', `${JSON.stringify(text)} is no position of a shard`, {
    hint: 'Write start, `at NUMBER`, `after NUMBER` or end; NUMBER is a sequence number of the shard',
  });
}

function parseSegmentPosition(unit: UnitId, text: string): Position {
  const json = /^after (\{.*\})$/s.exec(text)?.[1];
  // The key is kept digit for digit as it is written: parsed only to be looked at.
  if (json !== undefined && isKey(json)) return afterKey(json);
  throw new TributaryError('USAGE', `${JSON.stringify(text)} is no position of ${unit}`, {
    hint: 'Write start, end, or `after KEY` with the key of an item as DynamoDB JSON: after {"id":{"S":"x"}}',
  });
}

function isKey(json: string): boolean {
  let key: unknown;
  try {
    key = JSON.parse(json);
  } catch {
    return false;
  }
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return false;
  const values = Object.values(key);
  return values.length > 0 && values.every(isScalar);
}

function isScalar(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const [[type, content] = ['', null], ...others] = Object.entries(value);
  return others.length === 0 && SCALAR_TYPES.has(type) && typeof content === 'string';
}

/**
 * How far into a unit positions are: negative when `a` comes before `b`. Null for two keys of a segment: in which order a
 * Scan comes to them only DynamoDB knows.
 */
export function comparePositions(unit: UnitId, [a, b]: readonly [Position, Position]): number | null {
  if (a === b) return 0;
  if (a === 'start' || b === 'end') return -1;
  if (a === 'end' || b === 'start') return 1;
  if (parseSegmentUnit(unit) !== null) return null;
  const [placeA, placeB] = [placeInShard(a), placeInShard(b)];
  if (placeA.number !== placeB.number) return placeA.number < placeB.number ? -1 : 1;
  return placeA.within - placeB.within;
}

function placeInShard(position: Position): { readonly number: bigint; readonly within: number } {
  const [kind, sequenceNumber = '0'] = position.split(' ', 2);
  return { number: BigInt(sequenceNumber), within: kind === 'after' ? 1 : 0 };
}
