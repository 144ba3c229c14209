import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { expectFollowed } from '../support/expect-followed.ts';
import { randomWrites, WRITTEN_KEY } from '../support/random-writes.ts';
import { type RunningSync, startSync } from '../support/running-sync.ts';
import { scanAll, toAttributeValues } from '../support/sdk-items.ts';
import { warehouseOf, writeShopConfig } from '../support/shop-config.ts';
import { startWriting, untilAccepted } from '../support/table-writer.ts';
import { untilCount } from '../support/until-readable.ts';

/** `npm run test:soak -- follow-local` writes for ten minutes, otherwise for five. */
const MINUTES = process.env['TRIBUTARY_TEST_LONG'] === 'true' ? 10 : 5;
const WRITES_PER_SECOND = 500;
const KEY_COUNT = 20_000;
/** A burst of them would end the emulator's looking for what has expired. */
const WRITES_BEFORE = 6_000;
/** The emulator closes a shard every four hours of its clock: every four minutes. Its iterators live for 15 seconds. */
const SPEED = 60;
/** So often an item is put that expires soon. The emulator looks at small samples, so few of them are deleted. */
const EXPIRY_INTERVAL_MS = 500;
const EXPIRES_IN_MS = 60_000;
/** Another one in the same server would make it answer that records were trimmed which are there. */
const TABLE = 'orders';
const KEY = ['tenant', 'number'];

let dynamo: DynamoDbLocal;
let client: DynamoDBClient;
let folder: string;
let streamArn: string;
/** Those that a failure must not leave behind. */
const runs: RunningSync[] = [];

beforeAll(async () => {
  dynamo = await startDynamoDbLocal({ speed: SPEED });
  const options = { endpoint: dynamo.endpoint, region: 'us-east-1', maxAttempts: 10 };
  client = new DynamoDBClient({ ...options, credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' } });
  folder = mkdtempSync(join(tmpdir(), 'tributary-follow-'));
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      KeySchema: [...WRITTEN_KEY.KeySchema],
      AttributeDefinitions: [...WRITTEN_KEY.AttributeDefinitions],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  streamArn = TableDescription?.LatestStreamArn ?? '';
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: TABLE,
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' },
    }),
  );
});
afterAll(async () => {
  for (const run of runs) run.process.kill('SIGKILL');
  await Promise.all(runs.map(({ exited }) => exited));
  client.destroy();
  await dynamo.stop();
  rmSync(folder, { recursive: true });
});

/** Items that DynamoDB deletes by itself, put while others write. */
function expiringItems() {
  const keys = new Map<string, DynamoItem>();
  return {
    keys,
    put: async (): Promise<void> => {
      // Tenants of their own: a sample takes neighbours, and those of one tenant are.
      const key = { tenant: { S: `brief ${keys.size}` }, number: { N: String(keys.size) } };
      keys.set(JSON.stringify(key), key);
      const expiresAt = Math.floor((dynamo.now() + EXPIRES_IN_MS) / 1000);
      const Item = toAttributeValues({ ...key, expires_at: { N: String(expiresAt) }, text: { S: 'soon gone' } });
      await untilAccepted(() => client.send(new PutItemCommand({ TableName: TABLE, Item })));
    },
    /** Nothing expires any more. */
    keepTheRest: async (): Promise<void> => {
      for (const key of keys.values()) {
        const update = new UpdateItemCommand({
          TableName: TABLE,
          Key: toAttributeValues(key),
          UpdateExpression: 'REMOVE expires_at',
          ConditionExpression: 'attribute_exists(tenant)',
        });
        await untilAccepted(() => client.send(update)).catch((error: unknown) => {
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
        });
      }
    },
  };
}

async function shardCount(): Promise<number> {
  const options = { endpoint: dynamo.endpoint, region: 'us-east-1' };
  const streams = new DynamoDBStreamsClient({
    ...options,
    credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
  });
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: streamArn }));
  streams.destroy();
  return StreamDescription?.Shards?.length ?? 0;
}

test(`DynamoDB Local, written to for ${MINUTES} minutes while it is read and then followed: the destination is equal, deletes included`, {
  timeout: (MINUTES + 5) * 60_000,
}, async ({ annotate }) => {
  const writes = randomWrites({ seed: 1, keyCount: KEY_COUNT });
  const writer = startWriting({ client, table: TABLE, writes, perSecond: WRITES_PER_SECOND });
  const expiring = expiringItems();
  const write = async (): Promise<void> => {
    const endMs = Date.now() + MINUTES * 60_000;
    while (Date.now() < endMs) await Promise.all([expiring.put(), delay(EXPIRY_INTERVAL_MS)]);
    await writer.stop();
    await expiring.keepTheRest();
  };
  const written = write();
  await Promise.race([writer.reached(WRITES_BEFORE), written]);
  writeShopConfig(folder, {
    endpoint: dynamo.endpoint,
    tables: { [TABLE]: { method: 'LOG_BASED', ttl_deletes: 'flag' } },
  });
  const sync = startSync(folder, ['--follow']);
  runs.push(sync);
  const early = sync.exited.then(([code, signal]) => {
    throw new Error(`The run ended with ${signal ?? code}:\n${sync.log.slice(-50).join('\n')}`);
  });
  await Promise.race([written, early]);
  const { count } = writer;

  const last = { tenant: { S: 'last' }, number: { N: '0' } };
  const put = new PutItemCommand({ TableName: TABLE, Item: toAttributeValues(last) });
  await untilAccepted(() => client.send(put));
  const path = warehouseOf(folder);
  await untilCount({ path, sync }, { sql: "SELECT count(*) FROM shop.orders WHERE tenant = 'last'", count: 1 });
  sync.process.kill('SIGTERM');
  early.catch(() => {});
  expect({ ended: await sync.exited, log: sync.log.slice(-20) }).toMatchObject({ ended: [0, null] });

  expect(await shardCount()).toBeGreaterThan(1);
  const items = await scanAll(client, TABLE);
  const keys = new Map([...writes.keys, ...expiring.keys]);
  const deletes = await expectFollowed({ path, table: TABLE, key: KEY, items, keys });
  const isBrief = ({ key }: { readonly key: string | null }): boolean => key?.startsWith('brief ') ?? false;
  const expired = deletes.filter(isBrief);
  expect(expired.length).toBeGreaterThan(0);
  await annotate(
    `${count} writes in ${MINUTES} minutes, ${deletes.length} keys deleted, ${expired.length} of them expired`,
  );
  expect(new Set(expired.map(({ by }) => by))).toEqual(new Set(['ttl']));
  expect(deletes.filter((found) => !isBrief(found) && found.by !== null)).toEqual([]);
  expect(sync.count(/ gap|false alarm/i)).toBe(0);
});
