import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  type ScalarAttributeType,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, DynamoDBStreamsClient, type Shard } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { toAttributeValues } from '../support/sdk-items.ts';
import { untilAccepted } from '../support/table-writer.ts';
import { LOCAL_KEYS, LOCAL_PORT, REGION } from './run-tap.ts';

export interface LocalTables {
  readonly dynamo: DynamoDbLocal;
  readonly client: DynamoDBClient;
  /** Resolves when the table is there with these items. `key`: attributes with their types. */
  create(table: { readonly name: string; readonly key: Readonly<Record<string, ScalarAttributeType>> }): Promise<void>;
  put(name: string, items: readonly DynamoItem[]): Promise<void>;
  delete(name: string, keys: readonly DynamoItem[]): Promise<void>;
  /** Begins a stream of new images; resolves to its ARN. */
  enableStream(name: string): Promise<string>;
  shards(streamArn: string): Promise<readonly Shard[]>;
  stop(): Promise<void>;
}

const BATCH_SIZE = 25;

/** DynamoDB Local where the Python tap looks for it. */
export async function startLocalTables({ speed = 1 }: { readonly speed?: number } = {}): Promise<LocalTables> {
  const dynamo = await startDynamoDbLocal({ speed, port: LOCAL_PORT });
  const options = {
    endpoint: dynamo.endpoint,
    region: REGION,
    maxAttempts: 10,
    credentials: {
      accessKeyId: LOCAL_KEYS.AWS_ACCESS_KEY_ID,
      secretAccessKey: LOCAL_KEYS.AWS_SECRET_ACCESS_KEY,
    },
  };
  const client = new DynamoDBClient(options);
  const streams = new DynamoDBStreamsClient(options);
  const write = async (name: string, requests: readonly object[]): Promise<void> => {
    for (let at = 0; at < requests.length; at += BATCH_SIZE) {
      const batch = new BatchWriteItemCommand({ RequestItems: { [name]: requests.slice(at, at + BATCH_SIZE) } });
      await untilAccepted(() => client.send(batch));
    }
  };
  return {
    dynamo,
    client,
    create: async ({ name, key }) => {
      const attributes = Object.entries(key);
      const table = new CreateTableCommand({
        TableName: name,
        KeySchema: attributes.map(([AttributeName], at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
        AttributeDefinitions: attributes.map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
        BillingMode: 'PAY_PER_REQUEST',
      });
      await untilAccepted(() => client.send(table));
    },
    put: (name, items) =>
      write(
        name,
        items.map((item) => ({ PutRequest: { Item: toAttributeValues(item) } })),
      ),
    delete: (name, keys) =>
      write(
        name,
        keys.map((key) => ({ DeleteRequest: { Key: toAttributeValues(key) } })),
      ),
    enableStream: async (name) => {
      const { TableDescription } = await client.send(
        new UpdateTableCommand({
          TableName: name,
          StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
        }),
      );
      return TableDescription?.LatestStreamArn ?? '';
    },
    shards: async (StreamArn) => {
      const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
      return StreamDescription?.Shards ?? [];
    },
    stop: async () => {
      client.destroy();
      streams.destroy();
      await dynamo.stop();
    },
  };
}
