import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { startSimulator } from '../src/simulator/simulator.ts';
import { toAttributeValues } from '../test/support/sdk-items.ts';
import { flatItem } from './shop-rows.ts';

/**
 * A simulated DynamoDB with one table and its writer, in a process of their own. Says its port; told `write`, it puts new
 * items at an even rate over HTTP and says when each PutItem was answered. Arguments: puts a second, seconds.
 */
const [perSecond = 200, seconds = 60] = process.argv.slice(2).map(Number);
const LOADED_ITEMS = 10_000;
const SHARDS = 4;
const TABLE = 'orders';

const simulator = await startSimulator();
simulator.tables.create({
  TableName: TABLE,
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
});
simulator.streams.setInitialShards(TABLE, SHARDS);
simulator.tables.putItems(
  TABLE,
  Array.from({ length: LOADED_ITEMS }, (_, number) => flatItem(number)),
);
const client = new DynamoDBClient({
  endpoint: simulator.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
});

/** When the put of each item was answered, by the clock of this machine; the items are numbered in `sk`. */
async function write(): Promise<readonly { readonly sk: number; readonly answeredMs: number }[]> {
  const startMs = performance.now();
  const puts: Promise<{ readonly sk: number; readonly answeredMs: number }>[] = [];
  while (puts.length < perSecond * seconds) {
    const due = ((performance.now() - startMs) / 1000) * perSecond;
    if (puts.length < due) puts.push(put(LOADED_ITEMS + puts.length));
    else await delay(1);
  }
  return await Promise.all(puts);
}

async function put(sk: number): Promise<{ readonly sk: number; readonly answeredMs: number }> {
  await client.send(new PutItemCommand({ TableName: TABLE, Item: toAttributeValues(flatItem(sk)) }));
  return { sk, answeredMs: performance.timeOrigin + performance.now() };
}

process.on('message', () => {
  void write().then((answers) => process.send?.({ answers }));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: simulator.port, table: TABLE });
