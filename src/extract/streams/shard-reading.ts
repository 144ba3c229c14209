import { type Position, shardPosition, shardStart } from '../../model/position.ts';
import { parseShardUnit } from '../../model/unit.ts';
import type { NewUnit } from '../../model/unit-state.ts';
import type { Patience } from '../patience.ts';
import type { EmptyAnswer } from './caught-up.ts';
import type { Refusal } from './refusal.ts';
import type { NewShard } from './stream-sink.ts';

/** Where the reading of one unfinished shard stands. There are thousands, so it is small, and nothing in it grows. */
export interface ShardReading {
  readonly shardId: string;
  /** Up to which it was handed to the sink. */
  position: Position;
  /** Falls when the old records of a captured or rewound shard are first read, and with that of its parent when that ends. */
  verifiedThroughMs: number;
  /** Null: one is asked for at the position. */
  iterator: string | null;
  iteratorSinceMs: number;
  /** The next iterator is one for the oldest record that there is. */
  fromHorizon: boolean;
  /** Sequence number up to which records were read before, while it is read from its oldest record; else null. */
  readThrough: string | null;
  /** Memory to reserve for the next answer. */
  expectedBytes: number;
  /** The last answers, as long as they had no records. */
  readonly emptyAnswers: EmptyAnswer[];
  emptyCount: number;
  /** What it takes to bear with faults; null while there are none. */
  patience: Patience | null;
  refusal: Refusal | null;
  /** Its iterator had expired when it was used last. */
  hasExpired: boolean;
  /** Whether it was read successfully since the follower started. */
  hasAnswered: boolean;
}

/** What an idle shard's answer takes. */
export const LEAST_EXPECTED_BYTES = 64 * 1024;

function shardReading(shardId: string, position: Position, verifiedThroughMs: number): ShardReading {
  return {
    ...{ shardId, position, verifiedThroughMs, expectedBytes: LEAST_EXPECTED_BYTES },
    ...{ iterator: null, iteratorSinceMs: 0, fromHorizon: false, readThrough: null, hasExpired: false },
    ...{ emptyAnswers: [], emptyCount: 0, patience: null, refusal: null, hasAnswered: false },
  };
}

/** Null for a segment, and for a shard that is read to its end. */
export function readingOfUnit({ unit, position, shard }: NewUnit): ShardReading | null {
  const shardId = parseShardUnit(unit);
  if (shardId === null || shard === null || position === 'end') return null;
  return shardReading(shardId, position, shard.verifiedThroughMs);
}

export function readingOfNewShard({ shardId, position, verifiedThroughMs }: NewShard): ShardReading {
  return shardReading(shardId, position, verifiedThroughMs);
}

/** The sequence number up to which nothing is owed any more; null at the start of a capture. */
export function numberReadThrough(position: Position): string | null {
  const start = shardStart(position);
  if (start === null || start.kind === 'trim-horizon') return null;
  return start.kind === 'after' ? start.sequenceNumber : String(BigInt(start.sequenceNumber) - 1n);
}

/** Where an empty shard stands that was captured: its first number is a position that cannot be skipped unnoticed. */
export function provenPosition(position: Position, startingSequenceNumber: string | null): Position {
  return position === 'start' && startingSequenceNumber !== null
    ? shardPosition('at', startingSequenceNumber)
    : position;
}
