import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
} from '@aws-sdk/client-dynamodb-streams';
import { TributaryError } from '../platform/errors.ts';
import type { Connection } from './clients.ts';
import { type AwsCall, mapAwsError } from './errors.ts';
import { endAtThrottle, type RawAnswer, TAP_PLACE, THROTTLE_PLACE, tapBody } from './raw-answer.ts';

export interface ListedShard {
  readonly shardId: string;
  readonly parentShardId: string | null;
  readonly startingSequenceNumber: string | null;
  /** Null while the shard is open. */
  readonly endingSequenceNumber: string | null;
}

/** One page of DescribeStream. Pages are not consistent with each other. */
export interface StreamDescription {
  readonly status: 'ENABLING' | 'ENABLED' | 'DISABLING' | 'DISABLED';
  readonly viewType: string;
  readonly label: string;
  readonly createdAtMs: number | null;
  readonly shards: readonly ListedShard[];
  /** Where the next page starts; null on the last one. */
  readonly lastEvaluatedShardId: string | null;
}

/** Where a shard is read from. `latest` is for check() only: it is no durable position. */
export type IteratorStart =
  | { readonly kind: 'trim-horizon' | 'latest' }
  | { readonly kind: 'at' | 'after'; readonly sequenceNumber: string };

interface CallOptions {
  readonly signal: AbortSignal;
}

/**
 * The calls of DynamoDB Streams. Broken answers, server errors and lost connections are tried again a few times within a
 * call; throttles are not, they reject with THROTTLED at once, because waiting belongs to the caller. Further codes:
 * STREAM_TRIMMED, STREAM_NOT_FOUND (stream or shard), ITERATOR_EXPIRED, STREAM_POSITION_REFUSED, ACCESS_DENIED; or the
 * reason of the signal.
 */
export interface StreamCalls {
  /** Up to 100 shards. Free; AWS takes 10 calls a second for an account (API Reference, DescribeStream). */
  describe(
    request: {
      readonly streamArn: string;
      readonly exclusiveStartShardId: string | null;
      /** Filter CHILD_SHARDS: a hint that endpoints may ignore and answer with all shards. */
      readonly childrenOf: string | null;
    },
    options: CallOptions,
  ): Promise<StreamDescription>;
  /** An iterator, good for 15 minutes (API Reference, GetShardIterator). Free. */
  iterator(
    request: { readonly streamArn: string; readonly shardId: string; readonly start: IteratorStart },
    options: CallOptions,
  ): Promise<string>;
  /** One answer of GetRecords as checked bytes: at most `limit` (1..1000) records and 1 MB of them. Billed as one read. */
  records(
    request: { /** For messages. */ readonly shardId: string; readonly iterator: string; readonly limit: number },
    options: CallOptions,
  ): Promise<RawAnswer>;
}

const ITERATOR_TYPES = {
  'trim-horizon': 'TRIM_HORIZON',
  latest: 'LATEST',
  at: 'AT_SEQUENCE_NUMBER',
  after: 'AFTER_SEQUENCE_NUMBER',
} as const;

export function createStreamCalls({ streams, options }: Pick<Connection, 'streams' | 'options'>): StreamCalls {
  return {
    describe: async ({ streamArn, exclusiveStartShardId, childrenOf }, { signal }) => {
      const call = { action: 'dynamodb:DescribeStream', table: tableOfStream(streamArn), options, signal };
      const command = new DescribeStreamCommand({
        StreamArn: streamArn,
        ...(exclusiveStartShardId === null ? {} : { ExclusiveStartShardId: exclusiveStartShardId }),
        ...(childrenOf === null ? {} : { ShardFilter: { Type: 'CHILD_SHARDS', ShardId: childrenOf } }),
      });
      command.middlewareStack.add(noRetryOfThrottles(call), THROTTLE_PLACE);
      const { StreamDescription: description } = await answerOf(call, () =>
        streams.send(command, { abortSignal: signal }),
      );
      const status = description?.StreamStatus;
      if (status === undefined) throw incomplete(call, 'no status');
      const viewType = description?.StreamViewType;
      // Another view type is lost changes: an answer that lacks it must not be taken for that.
      if (viewType === undefined) throw incomplete(call, 'no view type');
      return {
        status,
        viewType,
        label: description?.StreamLabel ?? '',
        createdAtMs: description?.CreationRequestDateTime?.getTime() ?? null,
        shards: (description?.Shards ?? []).map((shard) => listedShard(shard, call)),
        lastEvaluatedShardId: description?.LastEvaluatedShardId ?? null,
      };
    },

    iterator: async ({ streamArn, shardId, start }, { signal }) => {
      const call = {
        action: 'dynamodb:GetShardIterator',
        table: tableOfStream(streamArn),
        shard: shardId,
        options,
        signal,
      };
      const command = new GetShardIteratorCommand({
        StreamArn: streamArn,
        ShardId: shardId,
        ShardIteratorType: ITERATOR_TYPES[start.kind],
        ...('sequenceNumber' in start ? { SequenceNumber: start.sequenceNumber } : {}),
      });
      command.middlewareStack.add(noRetryOfThrottles(call), THROTTLE_PLACE);
      const { ShardIterator: iterator } = await answerOf(call, () => streams.send(command, { abortSignal: signal }));
      if (iterator === undefined) throw incomplete(call, 'no iterator');
      return iterator;
    },

    records: async ({ shardId, iterator, limit }, { signal }) => {
      const call = { action: 'dynamodb:GetRecords', shard: shardId, options, signal };
      const command = new GetRecordsCommand({ ShardIterator: iterator, Limit: limit });
      const tapped: { answer?: RawAnswer } = {};
      command.middlewareStack.addRelativeTo(
        tapBody((answer) => {
          tapped.answer = answer;
        }),
        TAP_PLACE,
      );
      command.middlewareStack.add(noRetryOfThrottles(call), THROTTLE_PLACE);
      await answerOf(call, () => streams.send(command, { abortSignal: signal }));
      if (tapped.answer === undefined) throw new TributaryError('BUG', `The answer of ${shardId} was not seen`);
      return tapped.answer;
    },
  };
}

function noRetryOfThrottles(call: AwsCall) {
  return endAtThrottle((throttle) => mapAwsError(throttle, call));
}

/** Sends, and throws what `mapAwsError` makes of a failure. */
async function answerOf<Answer>(call: AwsCall, send: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (error) {
    throw mapAwsError(error, call);
  }
}

function listedShard(shard: Shard, call: AwsCall): ListedShard {
  if (shard.ShardId === undefined) throw incomplete(call, 'a shard without an id');
  return {
    shardId: shard.ShardId,
    parentShardId: shard.ParentShardId ?? null,
    startingSequenceNumber: shard.SequenceNumberRange?.StartingSequenceNumber ?? null,
    endingSequenceNumber: shard.SequenceNumberRange?.EndingSequenceNumber ?? null,
  };
}

function incomplete({ action, table }: AwsCall, what: string): TributaryError {
  return new TributaryError('ANSWER_CORRUPT', `${action} on ${table} answered with ${what}`);
}

/** The table in `arn:aws:dynamodb:<region>:<account>:table/<table>/stream/<label>`. */
export function tableOfStream(streamArn: string): string {
  return /:table\/([^/]+)\/stream\//.exec(streamArn)?.[1] ?? streamArn;
}
