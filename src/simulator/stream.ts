import { crc32 } from 'node:zlib';
import { Fifo } from './fifo.ts';
import type { ItemChange } from './item-change.ts';
import type { Position } from './key-position.ts';
import { ShardListing } from './shard-listing.ts';
import { createRecord, type StreamRecord } from './stream-record.ts';
import { type HashRange, StreamShard } from './stream-shard.ts';
import type { KeySchema, StreamViewType } from './table-definition.ts';

/** Records are kept for 24 hours (Developer guide, Change data capture for DynamoDB Streams). */
export const RETENTION_MS = 24 * 3600 * 1000;
/** How much longer a closed shard or a disabled stream stays listed; nothing is documented. */
export const LISTED_AFTER_RETENTION_MS = 2 * 3600 * 1000;
/** Shards live for about four hours: seen by readers of the service and in DynamoDB Local, not documented. */
export const ROLL_EVERY_MS = 4 * 3600 * 1000;

const HASH_DIGITS = 8;
const HASH_SPACE = 16 ** HASH_DIGITS;

interface StreamOptions {
  readonly arn: string;
  readonly label: string;
  readonly tableName: string;
  readonly key: KeySchema;
  readonly viewType: StreamViewType;
  readonly enabledAtMs: number;
  readonly initialShards: number;
  /** Null: shards are closed on command only. */
  readonly rollEveryMs: number | null;
}

/**
 * The stream of a table, or one that it had. What time does to it (rolls, trimming, shards that vanish) is caught up by
 * `advance`, at the times when it was due; everybody who looks at a stream or changes it calls that first.
 */
export class Stream {
  readonly arn: string;
  readonly label: string;
  readonly tableName: string;
  readonly key: KeySchema;
  readonly viewType: StreamViewType;
  readonly enabledAtMs: number;
  rollEveryMs: number | null;
  disabledAtMs: number | null = null;
  /** Records appear in answers this long after they were written. */
  propagationDelayMs = 0;
  /** Iterators of earlier generations have expired. */
  iteratorGeneration = 0;
  readonly listing = new ShardListing();
  /** Open shards in order of their hash ranges, without a hole. */
  #open: StreamShard[] = [];
  /** In order of opening; those that are closed by then are passed over. */
  readonly #rollQueue = new Fifo<StreamShard>();
  /** Closed shards in order of closing, and those of them that have expired. */
  readonly #expiryQueue = new Fifo<StreamShard>();
  readonly #vanishQueue = new Fifo<StreamShard>();
  #advancedToMs = 0;
  #trimFloorMs = 0;
  #lastShardNumber = 0;
  #recordCount = 0;

  constructor(options: StreamOptions) {
    this.arn = options.arn;
    this.label = options.label;
    this.tableName = options.tableName;
    this.key = options.key;
    this.viewType = options.viewType;
    this.enabledAtMs = options.enabledAtMs;
    this.rollEveryMs = options.rollEveryMs;
    this.startWith(options.initialShards);
  }

  get isEnabled(): boolean {
    return this.disabledAtMs === null;
  }

  get openShards(): readonly StreamShard[] {
    return this.#open;
  }

  /** Another number of first shards. Errors: where there is more than first shards already. */
  startWith(count: number): void {
    if (this.#recordCount > 0 || this.listing.size > this.#open.length) {
      throw new Error(`The stream of ${this.tableName} has a history: its first shards cannot change any more`);
    }
    this.listing.remove(this.#open);
    this.#rollQueue.clear();
    const boundOf = (index: number): number => Math.floor((index * HASH_SPACE) / count);
    this.#open = Array.from({ length: count }, (_, index) =>
      this.#openShard({ parent: null, range: { from: boundOf(index), to: boundOf(index + 1) } }, this.enabledAtMs),
    );
  }

  append(change: ItemChange, nowMs: number): StreamRecord {
    this.advance(nowMs);
    const shard = this.shardOf(change.position);
    const record = createRecord(change, {
      viewType: this.viewType,
      sequenceNumber: shard.takeSequenceNumber(),
      createdAtMs: nowMs,
    });
    shard.append(record);
    this.trim(shard, nowMs);
    this.#recordCount++;
    return record;
  }

  /** The open shard that the changes of a key go to. */
  shardOf(position: Position): StreamShard {
    const shard = this.#open[this.#openIndex(Number.parseInt(position.slice(0, HASH_DIGITS), 16))];
    if (shard === undefined) throw new Error(`The stream ${this.arn} has no open shard`);
    return shard;
  }

  /** Closes a shard and opens its one child. */
  roll(shard: StreamShard, nowMs: number): readonly StreamShard[] {
    return this.#replace(shard, [shard.range], nowMs);
  }

  /** Closes a shard and opens two children, each for half of its keys. */
  split(shard: StreamShard, nowMs: number): readonly StreamShard[] {
    const { from, to } = shard.range;
    const middle = Math.floor((from + to) / 2);
    if (middle === from) throw new Error(`Shard ${shard.id} serves a single hash and cannot be split`);
    const halves = [
      { from, to: middle },
      { from: middle, to },
    ];
    return this.#replace(shard, halves, nowMs);
  }

  /** No more records: open shards are closed, without children. */
  disable(nowMs: number): void {
    this.advance(nowMs);
    this.disabledAtMs = nowMs;
    for (const shard of this.#open) this.#close(shard, nowMs);
    this.#open = [];
  }

  /** Records created before are gone from now on, and closed shards that hold none behind it. */
  trimBefore(ms: number, nowMs: number): void {
    this.#trimFloorMs = Math.max(this.#trimFloorMs, ms);
    this.advance(nowMs);
  }

  /** Brings one shard's records up to date; `advance` sees to whole shards only. */
  trim(shard: StreamShard, nowMs: number): void {
    shard.trim(this.#horizonMs(nowMs));
  }

  /** As if everything of a closed shard were long gone: not listed, not readable. */
  drop(shard: StreamShard): void {
    if (shard.isOpen) throw new Error(`Shard ${shard.id} is open and cannot be dropped`);
    shard.expire();
    this.listing.remove([shard]);
  }

  advance(nowMs: number): void {
    this.#rollDue(nowMs);
    this.#advancedToMs = nowMs;
    const horizonMs = this.#horizonMs(nowMs);
    this.#expiryQueue.takeWhile(
      ({ closedAtMs }) => closedAtMs !== null && closedAtMs < horizonMs,
      (shard) => {
        shard.expire();
        this.#vanishQueue.push(shard);
      },
    );
    const vanished: StreamShard[] = [];
    this.#vanishQueue.takeWhile(
      ({ closedAtMs }) => closedAtMs !== null && closedAtMs + RETENTION_MS + LISTED_AFTER_RETENTION_MS <= nowMs,
      (shard) => vanished.push(shard),
    );
    if (vanished.length > 0) this.listing.remove(vanished);
  }

  #rollDue(nowMs: number): void {
    const { rollEveryMs } = this;
    if (rollEveryMs === null) return;
    this.#rollQueue.takeWhile(
      (shard) => !shard.isOpen || shard.openedAtMs + rollEveryMs <= nowMs,
      (shard) => {
        // A long jump of the clock leaves the shards that there would be had somebody looked all the time.
        if (shard.isOpen) this.roll(shard, Math.max(shard.openedAtMs + rollEveryMs, this.#advancedToMs));
      },
    );
  }

  #horizonMs(nowMs: number): number {
    return Math.max(nowMs - RETENTION_MS, this.#trimFloorMs);
  }

  #replace(shard: StreamShard, ranges: readonly HashRange[], nowMs: number): readonly StreamShard[] {
    if (!shard.isOpen) throw new Error(`Shard ${shard.id} is closed already`);
    const index = this.#openIndex(shard.range.from);
    this.#close(shard, nowMs);
    const children = ranges.map((range) => this.#openShard({ parent: shard, range }, nowMs));
    this.#open.splice(index, 1, ...children);
    return children;
  }

  #close(shard: StreamShard, nowMs: number): void {
    shard.close(nowMs);
    this.#expiryQueue.push(shard);
  }

  #openShard(
    { parent, range }: { readonly parent: StreamShard | null; readonly range: HashRange },
    nowMs: number,
  ): StreamShard {
    // Ids carry the time of creation in milliseconds, as those of the service do, and never repeat.
    this.#lastShardNumber = Math.max(this.#lastShardNumber + 1, nowMs);
    const number = String(this.#lastShardNumber).padStart(20, '0');
    const hash = crc32(`${this.arn}/${number}`).toString(16).padStart(8, '0');
    const shard = new StreamShard({ id: `shardId-${number}-${hash}`, parent, range, openedAtMs: nowMs });
    this.listing.add(shard);
    this.#rollQueue.push(shard);
    return shard;
  }

  /** Index of the open shard whose range holds the hash. */
  #openIndex(hash: number): number {
    let low = 0;
    let high = this.#open.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#open[middle]?.range.to ?? 0) > hash) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
