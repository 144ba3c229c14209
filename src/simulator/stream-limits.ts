import { modelError } from './service-error.ts';
import type { StreamShard } from './stream-shard.ts';

/** DescribeStream: "You can call this operation at a maximum rate of 10 times per second." */
const DESCRIBES_PER_SECOND = 10;
/** Developer guide, Reading and processing a stream: no more than two processes read from one shard at a time. */
const READERS_PER_SHARD = 2;
const WINDOW_MS = 1000;

/** One read of a shard, from its arrival to its answer. */
export interface ShardRead {
  /** Two reads of the shard were under way when this one arrived. */
  readonly crowded: boolean;
  end(): void;
}

/**
 * The limits that make readers of streams slow down, on the simulator's clock. The service does not say how it tells
 * readers apart; here a reader is an access key that has read the shard within the last second, and requests that are
 * under way at the same time are readers of their own.
 */
export interface StreamLimits {
  enforced: boolean;
  /** Errors: LimitExceededException above 10 calls within a second; refused calls do not count. */
  admitDescribe(): void;
  beginRead(shardId: string | null): ShardRead;
  /** Errors: LimitExceededException for a third reader of the shard. */
  admitRead(shard: StreamShard, read: { readonly crowded: boolean; readonly reader: string }): void;
}

export function createStreamLimits(now: () => number, enforced: boolean): StreamLimits {
  let describes: readonly number[] = [];
  const underWay = new Map<string, number>();

  const limits: StreamLimits = {
    enforced,
    admitDescribe: () => {
      describes = describes.filter((atMs) => atMs > now() - WINDOW_MS);
      if (limits.enforced && describes.length >= DESCRIBES_PER_SECOND) {
        throw limitExceeded('Rate exceeded: more than 10 DescribeStream calls within a second');
      }
      if (describes.length < DESCRIBES_PER_SECOND) describes = [...describes, now()];
    },
    beginRead: (shardId) => {
      if (shardId === null) return { crowded: false, end: () => {} };
      const before = underWay.get(shardId) ?? 0;
      underWay.set(shardId, before + 1);
      return {
        crowded: before >= READERS_PER_SHARD,
        end: () => {
          const left = (underWay.get(shardId) ?? 1) - 1;
          if (left === 0) underWay.delete(shardId);
          else underWay.set(shardId, left);
        },
      };
    },
    admitRead: (shard, { crowded, reader }) => {
      for (const [other, atMs] of shard.readers) {
        if (atMs <= now() - WINDOW_MS) shard.readers.delete(other);
      }
      const known = shard.readers.has(reader);
      if (limits.enforced && (crowded || (!known && shard.readers.size >= READERS_PER_SHARD))) {
        throw limitExceeded(`More than two readers of shard ${shard.id}`);
      }
      shard.readers.set(reader, now());
    },
  };
  return limits;
}

function limitExceeded(message: string): Error {
  return modelError('LimitExceededException', message);
}
