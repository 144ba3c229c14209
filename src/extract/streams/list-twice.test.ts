import { expect, test } from 'vitest';
import type { ListedShard, StreamCalls } from '../../connection/stream-calls.ts';
import { silentLogger } from '../../platform/logger.ts';
import { createManualClock } from '../../simulator/manual-clock.ts';
import { listTwice } from './list-twice.ts';

const shard = (shardId: string, endingSequenceNumber: string | null): ListedShard => ({
  ...{ shardId, parentShardId: null, startingSequenceNumber: '1', endingSequenceNumber },
});

/** What comes out when the two listings show these shards. */
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
  const { shards } = await listTwice({
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
