import type { Connection } from '../connection/clients.ts';
import { checkStep, type Finding, succeeded, warning } from '../connection/finding.ts';
import { createStreamCalls, type ListedShard, type StreamDescription } from '../connection/stream-calls.ts';
import type { CheckStep } from '../model/check-step.ts';
import { TributaryError } from '../platform/errors.ts';
import { plural } from '../platform/format.ts';

/** DynamoDB Streams, "Reading and processing a stream": more readers of a shard can be throttled. */
const READERS =
  'DynamoDB takes two readers of a shard, of which Tributary is one: a Lambda function or a replica may be the other, not both';

/**
 * Whether the stream of a table may be read, by the three calls that following needs. Bills one GetRecords; no record is
 * missed by anybody, reading does not take records away.
 */
export async function* streamSteps(
  connection: Pick<Connection, 'streams' | 'options'>,
  { table, streamArn }: { readonly table: string; readonly streamArn: string },
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, undefined> {
  const calls = createStreamCalls(connection);
  let shard: ListedShard | undefined;
  yield await checkStep(`DescribeStream ${table}`, signal, async () => {
    const stream = await calls.describe({ streamArn, exclusiveStartShardId: null, childrenOf: null }, { signal });
    shard = stream.shards.findLast(isOpen) ?? stream.shards.at(-1);
    return succeeded(summary(stream));
  });
  if (shard === undefined) return;
  const { shardId } = shard;
  yield await checkStep(`GetRecords ${table}`, signal, async () => {
    const iterator = await calls.iterator({ streamArn, shardId, start: { kind: 'latest' } }, { signal });
    try {
      await calls.records({ shardId, iterator, limit: 1 }, { signal });
    } catch (error) {
      return crowded(error);
    }
    return succeeded('The stream can be read; AWS bills the one GetRecords that was sent');
  });
}

function summary({ status, shards, lastEvaluatedShardId }: StreamDescription): string {
  const count = `${lastEvaluatedShardId === null ? '' : 'at least '}${plural(shards.length, 'shard')}`;
  return `Status ${status}; ${count}, ${shards.filter(isOpen).length} open; ${READERS}`;
}

/** A run waits for its turn, so too many readers do not stop it. */
function crowded(error: unknown): Finding {
  if (error instanceof TributaryError && error.code === 'THROTTLED') return warning(error.message, error.hint);
  throw error;
}

function isOpen({ endingSequenceNumber }: ListedShard): boolean {
  return endingSequenceNumber === null;
}
