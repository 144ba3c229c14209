import type { AwsTime } from '../../connection/aws-time.ts';
import {
  type ListedShard,
  type StreamCalls,
  type StreamDescription,
  tableOfStream,
} from '../../connection/stream-calls.ts';
import type { Clock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { createPatience } from '../patience.ts';
import type { DescribeRate } from './describe-rate.ts';

/** What the shards of a stream are found with. */
export interface ShardSource {
  readonly streamArn: string;
  readonly calls: StreamCalls;
  readonly rate: DescribeRate;
  readonly awsTime: Pick<AwsTime, 'now'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warning'>;
}

export interface StreamListing {
  readonly status: StreamDescription['status'];
  readonly viewType: string;
  /** Each once, in no order that means anything. */
  readonly shards: readonly ListedShard[];
  readonly pageCount: number;
  /** When the last page was answered, by the clock of AWS. */
  readonly answeredAtMs: number;
}

/** A page whose start has expired since the page before is no longer known: the listing begins again, so many times. */
const MAX_RESTARTS = 3;

/**
 * Lists all shards of a stream. Pages are not consistent with each other: a shard may be on two pages, a child may come
 * before its parent, a parent may be gone when its page comes. Throttles and faults are waited out, page by page. Rejects
 * with STREAM_NOT_FOUND when there is no such stream, ACCESS_DENIED and the like, or the reason of the signal.
 */
export async function listShards(options: ShardSource & { readonly signal: AbortSignal }): Promise<StreamListing> {
  for (let restart = 0; ; restart++) {
    const listing = await listPages(options);
    if (listing !== null) return listing;
    if (restart === MAX_RESTARTS) {
      throw new TributaryError(
        'ANSWER_CORRUPT',
        `The pages of shards of the stream of ${tableOfStream(options.streamArn)} do not follow each other`,
        { hint: 'Nothing is lost: run again', context: { stream: options.streamArn } },
      );
    }
  }
}

/** Asks for the shards that one shard was replaced by. A hint: some endpoints answer with all shards, or the first page. */
export async function listChildren(
  options: ShardSource & { readonly signal: AbortSignal },
  shardId: string,
): Promise<readonly ListedShard[]> {
  return (await describePage(options, { exclusiveStartShardId: null, childrenOf: shardId })).shards;
}

/** One shard as two pages or listings show it. What was closed once does not open again: that page was older. */
export function mergedShard(before: ListedShard | undefined, shard: ListedShard): ListedShard {
  return { ...shard, endingSequenceNumber: shard.endingSequenceNumber ?? before?.endingSequenceNumber ?? null };
}

/** Null where a page could not be had because its start is gone. */
async function listPages(options: ShardSource & { readonly signal: AbortSignal }): Promise<StreamListing | null> {
  const shards = new Map<string, ListedShard>();
  const starts = new Set<string>();
  for (let start: string | null = null; ; ) {
    let page: StreamDescription;
    try {
      page = await describePage(options, { exclusiveStartShardId: start, childrenOf: null });
    } catch (error) {
      if (start !== null && isRefusedStart(error)) return null;
      throw error;
    }
    for (const shard of page.shards) shards.set(shard.shardId, mergedShard(shards.get(shard.shardId), shard));
    const next = page.lastEvaluatedShardId;
    if (next === null) {
      return {
        status: page.status,
        viewType: page.viewType,
        shards: [...shards.values()],
        pageCount: starts.size + 1,
        answeredAtMs: options.awsTime.now(),
      };
    }
    // Going round in a circle would never end.
    if (starts.has(next)) return null;
    starts.add(next);
    start = next;
  }
}

async function describePage(
  { streamArn, calls, rate, clock, log, signal }: ShardSource & { readonly signal: AbortSignal },
  from: Pick<Parameters<StreamCalls['describe']>[0], 'exclusiveStartShardId' | 'childrenOf'>,
): Promise<StreamDescription> {
  const patience = createPatience({ clock, onWait: (message) => log.warning(message) });
  for (;;) {
    await rate.acquire(signal);
    try {
      return await calls.describe({ streamArn, ...from }, { signal });
    } catch (error) {
      await patience.wait(error, signal);
    }
  }
}

function isRefusedStart(error: unknown): boolean {
  return error instanceof TributaryError && (error.code === 'STREAM_NOT_FOUND' || error.code === 'REQUEST_REFUSED');
}
