import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  answered,
  CANNED_DATE,
  type CannedEndpoint,
  damages,
  refused,
  startCannedEndpoint,
} from '../../test/support/canned-endpoint.ts';
import { type Connection, createConnection } from './clients.ts';
import { createStreamCalls, type IteratorStart, type StreamCalls } from './stream-calls.ts';

const ARN = 'arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-23T08:00:00.000';
const SHARD = 'shardId-00000001795420800000-a1b2c3d4';
const RECORDS = '{"NextShardIterator":"next","Records":[{"dynamodb":{"SequenceNumber":"100000000000000000001"}}]}';
const { signal } = new AbortController();

let endpoint: CannedEndpoint;
let connection: Connection;
let calls: StreamCalls;

beforeEach(async () => {
  endpoint = await startCannedEndpoint();
  connection = createConnection(endpoint.options);
  calls = createStreamCalls(connection);
});

afterEach(async () => {
  connection.close();
  await endpoint.close();
});

const describeAll = () => calls.describe({ streamArn: ARN, exclusiveStartShardId: null, childrenOf: null }, { signal });
const iterator = (start: IteratorStart) => calls.iterator({ streamArn: ARN, shardId: SHARD, start }, { signal });
const records = () => calls.records({ shardId: SHARD, iterator: 'here', limit: 1000 }, { signal });
const described = (description: object) => answered(JSON.stringify({ StreamDescription: description }));
const sent = (): unknown => JSON.parse(endpoint.bodies.at(-1) ?? '');

describe('the description of a stream', () => {
  test('has its shards with parents and ranges; what is absent is null', async () => {
    endpoint.answerWith(
      described({
        StreamStatus: 'ENABLED',
        StreamViewType: 'NEW_IMAGE',
        StreamLabel: '2026-11-23T08:00:00.000',
        CreationRequestDateTime: 1795420800.5,
        Shards: [
          { ShardId: 'a', SequenceNumberRange: { StartingSequenceNumber: '1', EndingSequenceNumber: '2' } },
          { ShardId: 'b', ParentShardId: 'a', SequenceNumberRange: { StartingSequenceNumber: '3' } },
          { ShardId: 'c' },
        ],
        LastEvaluatedShardId: 'c',
      }),
    );
    expect(await describeAll()).toEqual({
      status: 'ENABLED',
      viewType: 'NEW_IMAGE',
      label: '2026-11-23T08:00:00.000',
      createdAtMs: 1795420800500,
      shards: [
        { shardId: 'a', parentShardId: null, startingSequenceNumber: '1', endingSequenceNumber: '2' },
        { shardId: 'b', parentShardId: 'a', startingSequenceNumber: '3', endingSequenceNumber: null },
        { shardId: 'c', parentShardId: null, startingSequenceNumber: null, endingSequenceNumber: null },
      ],
      lastEvaluatedShardId: 'c',
    });
    expect(sent()).toEqual({ StreamArn: ARN });
  });

  test('is asked for from a shard on, or for the children of one', async () => {
    endpoint.answerWith(described({ StreamStatus: 'DISABLED', StreamViewType: 'NEW_IMAGE' }));
    await calls.describe({ streamArn: ARN, exclusiveStartShardId: 'a', childrenOf: null }, { signal });
    expect(sent()).toEqual({ StreamArn: ARN, ExclusiveStartShardId: 'a' });
    await calls.describe({ streamArn: ARN, exclusiveStartShardId: null, childrenOf: 'a' }, { signal });
    expect(sent()).toEqual({ StreamArn: ARN, ShardFilter: { Type: 'CHILD_SHARDS', ShardId: 'a' } });
  });

  test.each([
    ['no status', {}],
    ['no view type', { StreamStatus: 'ENABLED' }],
    [
      'a shard without an id',
      { StreamStatus: 'ENABLED', StreamViewType: 'NEW_IMAGE', Shards: [{ ParentShardId: 'a' }] },
    ],
  ])('that has %s is incomplete, which says nothing about the stream', async (what, description) => {
    endpoint.answerWith(described(description));
    await expect(describeAll()).rejects.toMatchObject({
      code: 'ANSWER_CORRUPT',
      kind: 'transient',
      message: `dynamodb:DescribeStream on orders answered with ${what}`,
    });
  });

  test('that is missing is incomplete', async () => {
    endpoint.answerWith(answered('{}'));
    await expect(describeAll()).rejects.toMatchObject({ code: 'ANSWER_CORRUPT' });
  });
});

test.each<[IteratorStart, object]>([
  [{ kind: 'trim-horizon' }, { ShardIteratorType: 'TRIM_HORIZON' }],
  [{ kind: 'latest' }, { ShardIteratorType: 'LATEST' }],
  [
    { kind: 'at', sequenceNumber: '7' },
    { ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber: '7' },
  ],
  [
    { kind: 'after', sequenceNumber: '7' },
    { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '7' },
  ],
])('an iterator is asked for with %o', async (start, request) => {
  endpoint.answerWith(answered('{"ShardIterator":"here"}'));
  expect(await iterator(start)).toBe('here');
  expect(sent()).toEqual({ StreamArn: ARN, ShardId: SHARD, ...request });
});

test('an answer without an iterator is an error', async () => {
  endpoint.answerWith(answered('{}'));
  await expect(iterator({ kind: 'trim-horizon' })).rejects.toMatchObject({ code: 'ANSWER_CORRUPT' });
});

test('records are handed out byte for byte, with the time of the answer', async () => {
  endpoint.answerWith(answered(RECORDS));
  const answer = await records();
  expect(answer.body.toString()).toBe(RECORDS);
  expect(answer.answeredAtMs).toBe(Date.parse(CANNED_DATE));
  expect(sent()).toEqual({ ShardIterator: 'here', Limit: 1000 });
});

describe('a damaged answer', () => {
  test.each(damages(RECORDS))('that is %s is asked for again', async (_, damage) => {
    endpoint.answerWith(damage, damage, answered(RECORDS));
    expect((await records()).body.toString()).toBe(RECORDS);
    expect(endpoint.bodies).toHaveLength(3);
  });

  test.each(damages(RECORDS))('that stays %s is an error and no answer', async (_, damage) => {
    endpoint.answerWith(damage);
    await expect(records()).rejects.toMatchObject({ code: 'ANSWER_CORRUPT', context: { shard: SHARD } });
    expect(endpoint.bodies).toHaveLength(4);
  });
});

describe('a failing endpoint', () => {
  const all: readonly [string, () => Promise<unknown>][] = [
    ['DescribeStream', describeAll],
    ['GetShardIterator', () => iterator({ kind: 'trim-horizon' })],
    ['GetRecords', records],
  ];

  test.each(all)('that refuses %s without saying why is asked again', async (_, call) => {
    endpoint.answerWith((response) => response.writeHead(400).end());
    await expect(call()).rejects.toMatchObject({ code: 'ANSWER_CORRUPT' });
    expect(endpoint.bodies).toHaveLength(4);
  });

  test.each(all)('that fails inside at %s is tried four times', async (_, call) => {
    endpoint.answerWith(refused(500, 'InternalServerError'));
    await expect(call()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(endpoint.bodies).toHaveLength(4);
  });

  test.each(
    all.flatMap(([name, call]) =>
      ['LimitExceededException', 'ThrottlingException', 'ProvisionedThroughputExceededException'].map(
        (error) => [error, name, call] as const,
      ),
    ),
  )('that answers %s to %s is left to the caller at once', async (error, _, call) => {
    endpoint.answerWith(refused(400, error));
    await expect(call()).rejects.toMatchObject({ code: 'THROTTLED', kind: 'transient' });
    expect(endpoint.bodies).toHaveLength(1);
  });
});

test.each<[string, string, () => Promise<unknown>, string, string]>([
  ['trimmed records', 'TrimmedDataAccessException', records, 'STREAM_TRIMMED', SHARD],
  ['an old iterator', 'ExpiredIteratorException', records, 'ITERATOR_EXPIRED', SHARD],
  ['a shard that is gone', 'ResourceNotFoundException', records, 'STREAM_NOT_FOUND', SHARD],
  ['a stream that is gone', 'ResourceNotFoundException', describeAll, 'STREAM_NOT_FOUND', 'orders'],
  [
    'a refused start',
    'ValidationException',
    () => iterator({ kind: 'at', sequenceNumber: '7' }),
    'STREAM_POSITION_REFUSED',
    `${SHARD} of orders`,
  ],
  ['a missing permission', 'AccessDeniedException', records, 'ACCESS_DENIED', SHARD],
])('%s: %s is an error of its own and not tried again', async (_, name, call, code, subject) => {
  endpoint.answerWith(refused(400, name, 'Invalid SequenceNumber for the shard'));
  await expect(call()).rejects.toMatchObject({ code, message: expect.stringContaining(` on ${subject} failed: `) });
  expect(endpoint.bodies).toHaveLength(1);
});

test('another refused request is no refused position', async () => {
  endpoint.answerWith(refused(400, 'ValidationException', 'Invalid ShardIterator'));
  await expect(records()).rejects.toMatchObject({ code: 'REQUEST_REFUSED' });
});

test('a stopped call rejects with the reason of the signal', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped by a person');
  endpoint.answerWith(() => stop.abort(reason));
  const call = calls.records({ shardId: SHARD, iterator: 'here', limit: 1 }, { signal: stop.signal });
  await expect(call).rejects.toBe(reason);
});

describe('the clock of AWS', () => {
  const dateMs = Date.parse(CANNED_DATE);
  const leadMs = (): number => connection.awsTime.now() - dateMs;

  test('is learnt from the answers of both clients', async () => {
    endpoint.answerWith(answered(RECORDS));
    await records();
    expect(leadMs()).toBeGreaterThanOrEqual(0);
    expect(leadMs()).toBeLessThan(60_000);
    endpoint.answerWith(answered('{"TableNames":[]}', { date: 'Mon, 23 Nov 2026 09:00:00 GMT' }));
    const { ListTablesCommand } = await import('@aws-sdk/client-dynamodb');
    await connection.dynamodb.send(new ListTablesCommand({}));
    expect(leadMs()).toBeGreaterThanOrEqual(3_600_000);
  });

  test('is not learnt from refusals', async () => {
    endpoint.answerWith((response) => {
      response.writeHead(400, { date: CANNED_DATE });
      response.end('{"__type":"ValidationException"}');
    });
    await expect(records()).rejects.toMatchObject({ code: 'REQUEST_REFUSED' });
    expect(Math.abs(connection.awsTime.now() - Date.now())).toBeLessThan(60_000);
  });
});
