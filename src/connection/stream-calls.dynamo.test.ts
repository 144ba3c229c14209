import { CreateTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../test/support/dynamodb-local.ts';
import { Secret } from '../platform/secret.ts';
import { type Connection, createConnection } from './clients.ts';
import { createStreamCalls, type StreamCalls } from './stream-calls.ts';

const { signal } = new AbortController();
let local: DynamoDbLocal;
let connection: Connection;
let calls: StreamCalls;
let streamArn: string;

beforeAll(async () => {
  local = await startDynamoDbLocal();
  connection = createConnection({
    source: 'shop',
    region: 'us-east-1',
    endpoint: local.endpoint,
    stsEndpoint: null,
    credentials: { kind: 'static', accessKeyId: 'test', secretAccessKey: new Secret('s'), sessionToken: null },
    roles: [],
    requestTimeoutMs: 20_000,
    maxConnections: 4,
  });
  calls = createStreamCalls(connection);
  const { TableDescription: created } = await connection.dynamodb.send(
    new CreateTableCommand({
      TableName: 'orders',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  streamArn = created?.LatestStreamArn ?? '';
  // Before the first iterator: iterators of an empty shard end in a false TrimmedDataAccessException there.
  await connection.dynamodb.send(new PutItemCommand({ TableName: 'orders', Item: { pk: { S: 'first' } } }));
});

afterAll(async () => {
  connection.close();
  await local.stop();
});

async function onlyShard() {
  const stream = await calls.describe({ streamArn, exclusiveStartShardId: null, childrenOf: null }, { signal });
  const [shard] = stream.shards;
  if (shard === undefined) throw new Error('The stream has no shard');
  return { stream, shard };
}

test('a stream is described and read from the first number of its shard', async () => {
  const { stream, shard } = await onlyShard();
  expect(stream).toMatchObject({ status: 'ENABLED', viewType: 'NEW_IMAGE', lastEvaluatedShardId: null });
  expect(streamArn.endsWith(`/stream/${stream.label}`)).toBe(true);
  const start = { kind: 'at', sequenceNumber: shard.startingSequenceNumber ?? '' } as const;
  const iterator = await calls.iterator({ streamArn, shardId: shard.shardId, start }, { signal });
  const { body } = await calls.records({ shardId: shard.shardId, iterator, limit: 10 }, { signal });
  expect(JSON.parse(body.toString())).toMatchObject({
    NextShardIterator: expect.any(String),
    Records: [{ eventName: 'INSERT', dynamodb: { NewImage: { pk: { S: 'first' } } } }],
  });
});

test('a number that the shard does not have is a refused position', async () => {
  const { shard } = await onlyShard();
  const start = { kind: 'at', sequenceNumber: '000000000000000000000' } as const;
  const asking = calls.iterator({ streamArn, shardId: shard.shardId, start }, { signal });
  await expect(asking).rejects.toMatchObject({ code: 'STREAM_POSITION_REFUSED' });
});

test('a stream and a shard that are not there are not found', async () => {
  const { shard } = await onlyShard();
  const start = { kind: 'trim-horizon' } as const;
  const gone = shard.shardId.replace(/.{8}$/, '00000000');
  const asking = calls.iterator({ streamArn, shardId: gone, start }, { signal });
  await expect(asking).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND', context: { shard: gone } });
  const missing = streamArn.replace('/orders/', '/others/');
  const describing = calls.describe({ streamArn: missing, exclusiveStartShardId: null, childrenOf: null }, { signal });
  await expect(describing).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND', context: { table: 'others' } });
});
