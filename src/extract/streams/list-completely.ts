import type { ListedShard } from '../../connection/stream-calls.ts';
import { isCertainlyHeld } from '../../model/retention.ts';
import { listShards, mergedShard, type ShardSource, type StreamListing } from './list-shards.ts';
import { shardCreationMs } from './shard-creation.ts';

const LEAST_LISTINGS = 2;
/** What still lacks a shard then is taken as it is: if the shard turns up later, that is a gap. */
const MOST_LISTINGS = 6;

/**
 * Lists all shards at least twice and answers what any listing shows. One listing may miss a shard; a version that begins
 * without it would read its children before it, until it is found, and be read again from the beginning then. So it
 * lists again while a shard is shown without its parent that closed too recently to have expired.
 */
export async function listCompletely(options: ShardSource & { readonly signal: AbortSignal }): Promise<StreamListing> {
  const shards = new Map<string, ListedShard>();
  for (let count = 1; ; count++) {
    const listing = await listShards(options);
    for (const shard of listing.shards) shards.set(shard.shardId, mergedShard(shards.get(shard.shardId), shard));
    const isComplete = count >= LEAST_LISTINGS && !lacksParent(shards, listing.answeredAtMs);
    if (isComplete || count === MOST_LISTINGS) return { ...listing, shards: [...shards.values()] };
  }
}

/** A shard is made when its parent closes: a parent of a young shard has not expired. */
function lacksParent(shards: ReadonlyMap<string, ListedShard>, awsNowMs: number): boolean {
  return [...shards.values()].some(({ shardId, parentShardId }) => {
    const madeAtMs = shardCreationMs(shardId, awsNowMs);
    return (
      madeAtMs !== null && isCertainlyHeld(madeAtMs, awsNowMs) && parentShardId !== null && !shards.has(parentShardId)
    );
  });
}
