import { crc32 } from 'node:zlib';
import type { StreamRecord } from './stream-record.ts';

/** The part of the space of partition key hashes that a shard serves: [from, to) of 0 .. 2^32. */
export interface HashRange {
  readonly from: number;
  readonly to: number;
}

interface ShardOptions {
  readonly id: string;
  readonly parent: StreamShard | null;
  readonly range: HashRange;
  readonly openedAtMs: number;
}

interface RecordsWanted {
  /** First sequence number of interest. */
  readonly from: bigint;
  readonly limit: number;
  /** Records that were created later are not to be seen yet. */
  readonly visibleUntilMs: number;
}

/** Documented: 1 MB of records an answer. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Trimmed records are cut off the array when they are at least this many and more than half of it. */
const MIN_TRIM_BATCH = 256;

/** One shard: its place in the lineage and the records that it still holds. */
export class StreamShard {
  readonly id: string;
  readonly parentId: string | null;
  readonly range: HashRange;
  readonly openedAtMs: number;
  readonly startingSequenceNumber: bigint;
  endingSequenceNumber: bigint | null = null;
  closedAtMs: number | null = null;
  /** Closed, and everything that it could hold is too old: reads answer that it does not exist. */
  expired = false;
  /** Answers of DescribeStream that still leave it out. */
  hiddenAnswers = 0;
  /** Access keys that have read it, with the time of the last read. */
  readonly readers = new Map<string, number>();
  /** Makes an eventID unique over shards. */
  readonly eventIdSuffix: string;
  #records: StreamRecord[] = [];
  /** Index of the first record that is not trimmed. */
  #head = 0;
  #lastSequenceNumber: bigint;
  #trimmedThrough: bigint | null = null;
  #random: number;

  constructor({ id, parent, range, openedAtMs }: ShardOptions) {
    this.id = id;
    this.parentId = parent?.id ?? null;
    this.range = range;
    this.openedAtMs = openedAtMs;
    this.#random = crc32(id);
    this.eventIdSuffix = this.#random.toString(16).padStart(8, '0');
    this.#lastSequenceNumber = parent === null ? firstSequenceNumber(this.#random) : parent.#lastSequenceNumber;
    this.startingSequenceNumber = this.takeSequenceNumber();
  }

  get isOpen(): boolean {
    return this.endingSequenceNumber === null;
  }

  /** Position behind everything that is there. */
  get endPosition(): bigint {
    return this.#lastSequenceNumber + 1n;
  }

  /** The oldest position that can be read without an error. */
  get trimHorizon(): bigint {
    return this.#trimmedThrough === null ? this.startingSequenceNumber : this.#trimmedThrough + 1n;
  }

  get records(): readonly StreamRecord[] {
    return this.#records.slice(this.#head);
  }

  /** Grows in uneven steps, as the numbers of the service do. */
  takeSequenceNumber(): bigint {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    this.#lastSequenceNumber += BigInt(1 + (this.#random >>> 22));
    return this.#lastSequenceNumber;
  }

  append(record: StreamRecord): void {
    this.#records.push(record);
  }

  close(nowMs: number): void {
    this.closedAtMs = nowMs;
    this.endingSequenceNumber = this.#lastSequenceNumber;
  }

  /** Whether a record at or behind `position` has been trimmed. */
  hasTrimmed(position: bigint): boolean {
    return position < this.trimHorizon;
  }

  /** Records in order, as many as an answer takes, and the position to go on from; null where nothing can follow. */
  read({ from, limit, visibleUntilMs }: RecordsWanted): {
    readonly records: readonly StreamRecord[];
    readonly next: bigint | null;
  } {
    const first = this.#indexOf(from);
    let end = first;
    let bytes = 0;
    for (; end < this.#records.length && end - first < limit; end++) {
      const record = this.#records[end];
      if (record === undefined || record.createdAtMs > visibleUntilMs) break;
      bytes += record.sizeBytes;
      if (bytes > MAX_ANSWER_BYTES && end > first) break;
    }
    const records = this.#records.slice(first, end);
    const last = records.at(-1);
    if (!this.isOpen && end === this.#records.length) return { records, next: null };
    return { records, next: last === undefined ? from : last.sequenceNumber + 1n };
  }

  /** The position behind the last record that was created until then. */
  positionBehind(visibleUntilMs: number): bigint {
    const last = this.#records.at(-1);
    if (last === undefined || last.createdAtMs <= visibleUntilMs) return this.endPosition;
    const index = partitionPoint(this.#records, this.#head, (record) => record.createdAtMs <= visibleUntilMs);
    return this.#records[index]?.sequenceNumber ?? this.endPosition;
  }

  /** Forgets records that were created before `horizonMs`, and the shard as a whole where all of it lies before. */
  trim(horizonMs: number): void {
    for (;;) {
      const record = this.#records[this.#head];
      if (record === undefined || record.createdAtMs >= horizonMs) break;
      this.#trimmedThrough = record.sequenceNumber;
      this.#head++;
    }
    if (this.#head >= MIN_TRIM_BATCH && this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
    if (this.closedAtMs !== null && this.closedAtMs < horizonMs) this.expire();
  }

  expire(): void {
    this.expired = true;
    this.#records = [];
    this.#head = 0;
  }

  #indexOf(position: bigint): number {
    return partitionPoint(this.#records, this.#head, (record) => record.sequenceNumber < position);
  }
}

/** Index of the first record from `start` on for which `before` does not hold; it must hold for a prefix. */
function partitionPoint(
  records: readonly StreamRecord[],
  start: number,
  before: (record: StreamRecord) => boolean,
): number {
  let low = start;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const record = records[middle];
    if (record !== undefined && before(record)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const DIGIT_BOUNDARY = 10n ** 22n;

/**
 * Where the numbers of a shard without parent begin. No order holds between unrelated shards; and some shards gain a
 * digit within their first records, so that whoever compares numbers as texts is wrong soon.
 */
function firstSequenceNumber(random: number): bigint {
  if (random % 4 === 0) return DIGIT_BOUNDARY - 2_000n;
  return (BigInt(100 + (random % 9_900)) * DIGIT_BOUNDARY) / 100n;
}
