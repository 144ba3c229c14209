import { describe, expect, test } from 'vitest';
import type { ListedShard, StreamCalls } from '../../connection/stream-calls.ts';
import { silentLogger } from '../../platform/logger.ts';
import { createManualClock } from '../../simulator/manual-clock.ts';
import { listCompletely } from './list-completely.ts';

const shard = (
  shardId: string,
  endingSequenceNumber: string | null,
  parentShardId: string | null = null,
): ListedShard => ({
  ...{ shardId, parentShardId, startingSequenceNumber: '1', endingSequenceNumber },
});

/** What comes out when the listings show these shards, and later ones none. */
async function listed(...listings: readonly (readonly ListedShard[])[]): Promise<readonly ListedShard[]> {
  const answers = listings.values();
  const describe: StreamCalls['describe'] = async () => ({
    ...{ status: 'ENABLED', viewType: 'NEW_IMAGE', label: '', createdAtMs: null, lastEvaluatedShardId: null },
    shards: answers.next().value ?? [],
  });
  const unused = async (): Promise<never> => {
    throw new Error('Only listings are asked for');
  };
  const clock = createManualClock();
  const { shards } = await listCompletely({
    ...{ streamArn: 'arn', clock, awsTime: clock, log: silentLogger, signal: new AbortController().signal },
    calls: { describe, iterator: unused, records: unused },
    rate: { acquire: async () => {} },
  });
  return shards;
}

test('what either of two listings shows is there', async () => {
  const shards = await listed([shard('a', null), shard('b', null)], [shard('b', null), shard('c', null)]);
  expect(shards.map(({ shardId }) => shardId)).toEqual(['a', 'b', 'c']);
});

test('a shard that the first of two listings shows with an end does not open again by the second', async () => {
  expect(await listed([shard('a', '9')], [shard('a', null)])).toEqual([shard('a', '9')]);
  expect(await listed([shard('a', null)], [shard('a', '9')])).toEqual([shard('a', '9')]);
});

describe('while a shard is shown without its parent', () => {
  /** The clock of these tests begins then. */
  const NOW_MS = createManualClock().now();
  const idOf = (hoursAgo: number): string =>
    `shardId-${String(NOW_MS - hoursAgo * 3_600_000).padStart(20, '0')}-aaaaaaaa`;
  const [child, parent] = [shard(idOf(1), null, idOf(5)), shard(idOf(5), '9')];

  test('that cannot have expired, it lists again', async () => {
    expect(await listed([child], [child], [child], [child, parent])).toEqual([child, parent]);
  });

  test('it does not list for ever', async () => {
    expect(await listed(...Array.from({ length: 6 }, () => [child]), [parent])).toEqual([child]);
  });

  test('that may have expired, it lists twice', async () => {
    const old = shard(idOf(23.5), null, idOf(27));
    expect(await listed([old], [old], [shard(idOf(27), '9')])).toEqual([old]);
  });
});
