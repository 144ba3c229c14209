import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDuckDbTable } from '../support/duckdb-reader.ts';
import type { DynamoItem, DynamoValue } from '../support/dynamo-item.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { compareExactly, exact } from '../support/exact.ts';
import { scanAll, toAttributeValues } from '../support/sdk-items.ts';
import { syncWithCli } from '../support/sync-with-cli.ts';

/** `npm run test:soak -- every-type` loads 50,000 items in all, otherwise it is a tenth. */
const SHARE = process.env['TRIBUTARY_TEST_LONG'] === 'true' ? 1 : 0.1;
/** Key schemas of every type. */
const TABLES = [
  { name: 'by_text', key: { id: 'S' }, count: 14_000 * SHARE },
  { name: 'by_number', key: { id: 'N' }, count: 10_000 * SHARE },
  { name: 'by_binary', key: { id: 'B' }, count: 8_000 * SHARE },
  { name: 'by_text_and_number', key: { tenant: 'S', number: 'N' }, count: 8_000 * SHARE },
  { name: 'by_text_and_binary', key: { tenant: 'S', blob: 'B' }, count: 6_000 * SHARE },
  { name: 'by_number.and-text', key: { number: 'N', id: 'S' }, count: 4_000 * SHARE },
] as const satisfies readonly { name: string; key: Record<string, 'S' | 'N' | 'B'>; count: number }[];

let dynamo: DynamoDbLocal;
let client: DynamoDBClient;
let folder: string;

beforeAll(async () => {
  dynamo = await startDynamoDbLocal();
  client = new DynamoDBClient({
    endpoint: dynamo.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
  });
  folder = mkdtempSync(join(tmpdir(), 'tributary-types-'));
  for (const table of TABLES) await createAndFill(table);
});
afterAll(async () => {
  client.destroy();
  await dynamo.stop();
  rmSync(folder, { recursive: true });
});

type TableShape = (typeof TABLES)[number];

async function createAndFill({ name, key, count }: TableShape): Promise<void> {
  const attributes = Object.entries(key);
  await client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: attributes.map(
        ([attribute], at): KeySchemaElement => ({ AttributeName: attribute, KeyType: at === 0 ? 'HASH' : 'RANGE' }),
      ),
      AttributeDefinitions: attributes.map(([attribute, type]) => ({ AttributeName: attribute, AttributeType: type })),
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const batches: DynamoItem[][] = [];
  for (let number = 0; number < count; number += 25) {
    batches.push(Array.from({ length: Math.min(25, count - number) }, (_, at) => item(key, number + at)));
  }
  const waiting = batches.values();
  const write = async (): Promise<void> => {
    for (const batch of waiting) {
      const puts = batch.map((put) => ({ PutRequest: { Item: toAttributeValues(put) } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: puts } }));
    }
  };
  await Promise.all([write(), write(), write(), write()]);
}

/** Every type, its borders, and attributes whose type differs from item to item. */
function item(key: Readonly<Record<string, string>>, number: number): DynamoItem {
  const keys = Object.entries(key).map(([name, type], at): [string, DynamoValue] => [
    name,
    keyValue(type, at === 0 && Object.keys(key).length > 1 ? number % 50 : number),
  ]);
  const odd = ODD_VALUES[number % ODD_VALUES.length] ?? { NULL: true };
  return Object.fromEntries([
    ...keys,
    ['text', { S: `text ${number} – "quoted" \\ ${String.fromCodePoint(0x1f300 + (number % 200))}\n\t\u0000` }],
    ['integer', { N: String(number - 1_000) }],
    ['decimal', { N: `${number % 1000}.${(number % 89) + 10}` }],
    ['long', { N: `${'1234567890123456789012345678901234'}${1000 + (number % 9000)}` }],
    ['binary', { B: Buffer.from([number & 255, number >> 8, 0, 255]).toString('base64') }],
    ['flag', { BOOL: number % 2 === 0 }],
    ['nothing', { NULL: true }],
    ['sometimes', number % 3 === 0 ? { NULL: true } : { S: `here ${number}` }],
    ['list', { L: [{ N: '1.10' }, { S: 'x' }, { L: [] }, { M: {} }, { NULL: true }] }],
    [
      'map',
      {
        M: {
          'a.b': { N: '1e-7' },
          ['__proto__']: { S: 'kept' },
          SELECT: { BOOL: false },
          deep: { M: { d: { B: 'AAEC' } } },
        },
      },
    ],
    ['texts', { SS: ['b', 'a', `t${number}`] }],
    ['numbers', { NS: ['10', '9', '-1.5', `${number}.75`] }],
    ['binaries', { BS: ['AQ==', 'AA==', Buffer.from(`n${number}`).toString('base64')] }],
    ['mixed', odd],
    ['a.b', { S: 'dotted' }],
    ['camelCase', { S: 'camel' }],
    ['camel_case', { N: '7' }],
    ['SELECT', { BOOL: true }],
    ['🦜', { S: 'emoji' }],
    ['x'.repeat(300), { S: 'long name' }],
    ...(number % 500 === 0 ? [['large', { S: 'y'.repeat(20_000) }] as const] : []),
  ]);
}

const ODD_VALUES: readonly DynamoValue[] = [
  { S: '' },
  { N: '-0.000000000000000000000000000000000000001' },
  { N: '9.9999999999999999999999999999999999999E+125' },
  { B: '' },
  { BOOL: true },
  { M: { a: { S: 'b' } } },
  { L: [] },
  { SS: ['z'] },
  { NS: ['1'] },
  { BS: ['AA=='] },
  { NULL: true },
];

function keyValue(type: string, number: number): DynamoValue {
  if (type === 'S') return { S: `key ${number} ü` };
  if (type === 'N') return { N: number % 2 === 0 ? String(number) : `-${number}.25` };
  return { B: Buffer.from([1, number & 255, number >> 8]).toString('base64') };
}

async function expectExact(): Promise<void> {
  for (const { name, key, count } of TABLES) {
    const items = await scanAll(client, name);
    const table = { source: 'shop', name, schema: 'shop', table: name.replace(/[^a-z_]/g, '_') };
    const { columns, rows, versions } = await readDuckDbTable(join(folder, 'warehouse.duckdb'), table);
    expect({ name, ...compareExactly({ items, rows, columns, key: Object.keys(key) }) }).toEqual({
      name,
      ...exact(count),
    });
    expect(versions).toHaveLength(1);
  }
}

const sync = (): Promise<void> =>
  syncWithCli({
    folder,
    endpoint: dynamo.endpoint,
    destination: '{ type: duckdb, path: ./warehouse.duckdb }',
    tables: TABLES.map(({ name }) => name),
  });

describe('DynamoDB Local into DuckDB', () => {
  test('six tables of every attribute type arrive exactly', async () => {
    await sync();
    await expectExact();
  });

  test('a second run replaces each table at once: a reader that began before it keeps the whole old version', async () => {
    const path = join(folder, 'warehouse.duckdb');
    const counts = new Set<string>();
    const versions = new Set<string>();
    let running = true;
    const read = async (): Promise<void> => {
      while (running) {
        // The file is ours alone while it is being written: a reader that finds it locked comes again.
        const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' }).catch(() => null);
        if (instance === null) continue;
        const connection = await instance.connect();
        const found = await connection.runAndReadAll(
          'SELECT count(*), min(_sdc_table_version), max(_sdc_table_version) FROM shop.by_text',
        );
        const [row = []] = found.getRowsJson();
        counts.add(String(row[0]));
        versions.add(`${row[1]}..${row[2]}`);
        connection.closeSync();
        instance.closeSync();
      }
    };
    const reader = read();
    await sync();
    running = false;
    await reader;
    expect(counts).toEqual(new Set([String(TABLES[0].count)]));
    for (const version of versions) expect(['1..1', '2..2']).toContain(version);
    await expectExact();
  });
});
