import type { Account } from './account.ts';
import { attributesJson, parseAttributes } from './attribute-value.ts';
import type { Fields } from './request-fields.ts';
import type { Stream } from './stream.ts';
import type { StreamRecord } from './stream-record.ts';
import type { StreamShard } from './stream-shard.ts';

/** A shard as it is, whatever DescribeStream says. */
interface ShardView {
  readonly id: string;
  readonly parentId: string | null;
  readonly startingSequenceNumber: string;
  /** Null while it is open. */
  readonly endingSequenceNumber: string | null;
  readonly openedAtMs: number;
  readonly closedAtMs: number | null;
  /** Those that are not trimmed, in order. */
  readonly records: readonly StreamRecord[];
}

/** By key (DynamoDB JSON): what was written, image after image, null for a delete. */
export type WrittenImages = ReadonlyMap<string, readonly (string | null)[]>;

/**
 * Streams by hand, without HTTP. A stream is named by its table, which means the latest one, or by its ARN. Errors are
 * thrown where there is no such stream or shard.
 */
export interface SimulatedStreams {
  /** DescribeStream and readers of a shard are limited, as on the service, on the simulator's clock. Default: they are. */
  enforceLimits(enforced: boolean): void;
  /** Shards that streams of a table begin with, also the one that it has where that is still untouched. Default: 1. */
  setInitialShards(table: string, count: number): void;
  /** How old shards of a table's streams become; null: until a command closes them. Default: 4 hours. */
  setRollEvery(table: string, ms: number | null): void;
  /** Records written from now on, and those not yet answered, appear this long after they were written. */
  setPropagationDelay(table: string, ms: number): void;
  /** Closes an open shard and opens its child. Returns the id of the child. */
  roll(stream: string, shard: string): string;
  /** Rolls every open shard. */
  rollAll(stream: string): void;
  /** Closes an open shard and opens two children, each for half of its keys. Returns their ids. */
  split(stream: string, shard: string): readonly string[];
  /** Records created before `ms` are gone, and so is all of a shard that was closed before. */
  trimBefore(stream: string, ms: number): void;
  /** A closed shard is neither listed nor readable any more. */
  dropShard(stream: string, shard: string): void;
  /** The next answers of DescribeStream that would hold the shard leave it out. */
  hideFromListing(stream: string, shard: string, answers: number): void;
  /** Pages of DescribeStream run from the youngest shard to the oldest. */
  listChildrenFirst(stream: string, childrenFirst: boolean): void;
  /** Every iterator that was given out is expired. */
  expireIterators(stream: string): void;
  /** Deletes items as time to live does. Keys are DynamoDB JSON. */
  expireItems(table: string, keys: Iterable<Fields>): void;
  /** In order of creation, hidden ones too, until they vanish. */
  shards(stream: string): readonly ShardView[];
  openShardIds(stream: string): readonly string[];
  /** The open shard that changes of this key go to. */
  shardOf(table: string, key: Fields): string;
  /** Latest stream of a table. */
  arn(table: string): string;
  /**
   * Collects from now on what is written to a table, with or without a stream; writes that change nothing are none.
   * The map grows with every write, so nothing is collected unasked.
   */
  collectImages(table: string): WrittenImages;
}

export function createSimulatedStreams(account: Account): SimulatedStreams {
  const { streams } = account;
  const shardIn = (stream: Stream, id: string): StreamShard => {
    const shard = stream.listing.get(id);
    if (shard === null) throw new Error(`${stream.arn} has no shard ${id}`);
    return shard;
  };
  const nameOf = (shards: readonly StreamShard[]): readonly string[] => shards.map(({ id }) => id);
  return {
    enforceLimits: (enforced) => {
      streams.limits.enforced = enforced;
    },
    setInitialShards: (table, initialShards) => streams.configure(table, { initialShards }),
    setRollEvery: (table, rollEveryMs) => streams.configure(table, { rollEveryMs }),
    setPropagationDelay: (table, propagationDelayMs) => streams.configure(table, { propagationDelayMs }),
    roll: (name, id) => {
      const stream = streams.latest(name);
      return nameOf(stream.roll(shardIn(stream, id), streams.now()))[0] ?? '';
    },
    rollAll: (name) => {
      const stream = streams.latest(name);
      for (const shard of [...stream.openShards]) stream.roll(shard, streams.now());
    },
    split: (name, id) => {
      const stream = streams.latest(name);
      return nameOf(stream.split(shardIn(stream, id), streams.now()));
    },
    trimBefore: (name, ms) => streams.latest(name).trimBefore(ms, streams.now()),
    dropShard: (name, id) => {
      const stream = streams.latest(name);
      stream.drop(shardIn(stream, id));
    },
    hideFromListing: (name, id, answers) => {
      shardIn(streams.latest(name), id).hiddenAnswers = answers;
    },
    listChildrenFirst: (name, childrenFirst) => {
      streams.latest(name).listing.childrenFirst = childrenFirst;
    },
    expireIterators: (name) => {
      streams.latest(name).iteratorGeneration++;
    },
    expireItems: (name, keys) => {
      const table = account.table(name);
      for (const key of keys) table.expire(parseAttributes(key));
    },
    shards: (name) => {
      const stream = streams.latest(name);
      return stream.listing.all.map((shard) => {
        stream.trim(shard, streams.now());
        return viewOf(shard);
      });
    },
    openShardIds: (name) => nameOf(streams.latest(name).openShards),
    shardOf: (name, key) => {
      const position = account.table(name).identityOf(parseAttributes(key));
      return streams.latest(name).shardOf(position).id;
    },
    arn: (table) => streams.latest(table).arn,
    collectImages: (table) => {
      const images = new Map<string, (string | null)[]>();
      streams.listen(table, ({ key, after }) => {
        const keyJson = attributesJson(key);
        const written = images.get(keyJson);
        if (written === undefined) images.set(keyJson, [after?.json ?? null]);
        else written.push(after?.json ?? null);
      });
      return images;
    },
  };
}

function viewOf(shard: StreamShard): ShardView {
  const { id, parentId, startingSequenceNumber, endingSequenceNumber, openedAtMs, closedAtMs, records } = shard;
  return {
    id,
    parentId,
    startingSequenceNumber: String(startingSequenceNumber),
    endingSequenceNumber: endingSequenceNumber === null ? null : String(endingSequenceNumber),
    openedAtMs,
    closedAtMs,
    records,
  };
}
