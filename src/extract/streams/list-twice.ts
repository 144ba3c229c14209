import type { ListedShard } from '../../connection/stream-calls.ts';
import { listShards, mergedShard, type ShardSource, type StreamListing } from './list-shards.ts';

/**
 * Lists all shards twice and answers what either listing shows. One listing may miss a shard; a version that begins
 * without it would take it for one whose parent was lost, and be read again from the beginning.
 */
export async function listTwice(options: ShardSource & { readonly signal: AbortSignal }): Promise<StreamListing> {
  const first = await listShards(options);
  const second = await listShards(options);
  const shards = new Map<string, ListedShard>();
  for (const shard of [...first.shards, ...second.shards]) {
    shards.set(shard.shardId, mergedShard(shards.get(shard.shardId), shard));
  }
  return { ...second, shards: [...shards.values()] };
}
