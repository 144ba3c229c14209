import { BatchWriteItemCommand, PutItemCommand, type ScanCommandInput } from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import { type Behaviour, both, createTable, put, refusal, type Subject, scan, simulatorOnly } from './behaviour.ts';

/** The units of one Scan of a table with three items of 5,000 bytes each. */
async function scanUnits(subject: Subject, input: Partial<ScanCommandInput>): Promise<number | undefined> {
  const table = await createTable(subject);
  for (const key of ['a', 'b', 'c']) await put(subject, table, { pk: { S: key }, v: { S: 'x'.repeat(4_996) } });
  const page = await scan(subject, table, { ...input, ReturnConsumedCapacity: 'TOTAL' });
  return page.ConsumedCapacity?.CapacityUnits;
}

/** A provisioned table of `readUnits` with 40 items of 4 KB: one consistent page of it costs 40 units. */
async function provisionedTable(subject: Subject, readUnits: number): Promise<string> {
  const table = await createTable(subject, {
    ProvisionedThroughput: { ReadCapacityUnits: readUnits, WriteCapacityUnits: 1_000 },
  });
  for (let index = 0; index < 40; index++) {
    await put(subject, table, { pk: { S: String(index).padStart(4, '0') }, v: { S: 'x'.repeat(4_089) } });
  }
  return table;
}

/** A table with an item of 9 KB and a global index of it. */
async function indexedTable(subject: Subject, projection: 'ALL' | 'KEYS_ONLY'): Promise<string> {
  const table = await createTable(subject, {
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'g', AttributeType: 'S' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'index',
        KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
        Projection: { ProjectionType: projection },
      },
    ],
  });
  await put(subject, table, { pk: { S: 'a' }, g: { S: 'g' }, v: { S: 'x'.repeat(9_000) } });
  return table;
}

export const CAPACITY_BEHAVIOURS: readonly Behaviour[] = [
  both('charges half a unit per 4 KB of a page, summed over its items', async (subject) => {
    expect(await scanUnits(subject, {})).toBe(2);
  }),
  both('charges a whole unit per 4 KB for a consistent read', async (subject) => {
    expect(await scanUnits(subject, { ConsistentRead: true })).toBe(4);
  }),
  both('charges for what was read, not for what the projection leaves', async (subject) => {
    expect(await scanUnits(subject, { ProjectionExpression: 'pk' })).toBe(2);
  }),
  both('charges for the items up to the Limit', async (subject) => {
    expect(await scanUnits(subject, { Limit: 1 })).toBe(1);
  }),
  both('charges for counted items too', async (subject) => {
    expect(await scanUnits(subject, { Select: 'COUNT' })).toBe(2);
  }),
  both('reports no capacity unless it is asked to', async (subject) => {
    const table = await createTable(subject);
    expect((await scan(subject, table)).ConsumedCapacity).toBeUndefined();
  }),
  both('reports the capacity of table and index apart', async (subject) => {
    const table = await indexedTable(subject, 'ALL');
    const ofTable = await scan(subject, table, { ReturnConsumedCapacity: 'INDEXES' });
    const ofIndex = await scan(subject, table, { ReturnConsumedCapacity: 'INDEXES', IndexName: 'index' });
    expect(ofTable.ConsumedCapacity).toEqual({
      TableName: table,
      CapacityUnits: 1.5,
      Table: { CapacityUnits: 1.5 },
    });
    expect(ofIndex.ConsumedCapacity).toEqual({
      TableName: table,
      CapacityUnits: 1.5,
      Table: { CapacityUnits: 0 },
      GlobalSecondaryIndexes: { index: { CapacityUnits: 1.5 } },
    });
  }),
  simulatorOnly('index entry size', 'charges a Scan of an index for what the index holds', async (subject) => {
    const table = await indexedTable(subject, 'KEYS_ONLY');
    const page = await scan(subject, table, { ReturnConsumedCapacity: 'TOTAL', IndexName: 'index' });
    expect(page.ConsumedCapacity?.CapacityUnits).toBe(0.5);
  }),
  both('charges a write unit per 1 KB of an item', async (subject) => {
    const table = await createTable(subject);
    const command = new PutItemCommand({
      TableName: table,
      Item: { pk: { S: 'a' }, v: { S: 'x'.repeat(2_500) } },
      ReturnConsumedCapacity: 'TOTAL',
    });
    expect((await subject.client.send(command)).ConsumedCapacity?.CapacityUnits).toBe(3);
  }),
  both('sums the write units of a batch by table', async (subject) => {
    const table = await createTable(subject);
    const requests = ['a', 'b'].map((key) => ({
      PutRequest: { Item: { pk: { S: key }, v: { S: 'x'.repeat(1_500) } } },
    }));
    const command = new BatchWriteItemCommand({ RequestItems: { [table]: requests }, ReturnConsumedCapacity: 'TOTAL' });
    const { ConsumedCapacity } = await subject.client.send(command);
    expect(ConsumedCapacity).toEqual([{ TableName: table, CapacityUnits: 4 }]);
  }),
  simulatorOnly('empty scan cost', 'charges the minimum for a Scan of nothing', async (subject) => {
    const table = await createTable(subject);
    const units = async (ConsistentRead: boolean) =>
      (await scan(subject, table, { ConsistentRead, ReturnConsumedCapacity: 'TOTAL' })).ConsumedCapacity?.CapacityUnits;
    expect([await units(false), await units(true)]).toEqual([0.5, 1]);
  }),
  simulatorOnly('throttling', 'throttles a provisioned table when its burst is used up', async (subject) => {
    const table = await provisionedTable(subject, 1);
    // 300 units of burst, 40 a page: the eighth page takes the bucket into debt.
    for (let page = 0; page < 8; page++) await scan(subject, table, { ConsistentRead: true });
    expect(await refusal(scan(subject, table))).toMatch(/^ProvisionedThroughputExceededException: /);
  }),
  simulatorOnly('throttling', 'lets a provisioned table recover at the speed of its units', async (subject) => {
    const table = await provisionedTable(subject, 1);
    for (let page = 0; page < 8; page++) await scan(subject, table, { ConsistentRead: true });
    // 20 units of debt are paid after 20 seconds, and only then.
    subject.clock.advance(20_000);
    expect(await refusal(scan(subject, table))).toMatch(/^ProvisionedThroughputExceededException: /);
    subject.clock.advance(1_000);
    expect((await scan(subject, table)).Count).toBe(40);
  }),
  simulatorOnly('throttling', 'never throttles an on-demand table', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, { pk: { S: 'a' }, v: { S: 'x'.repeat(400_000) } });
    for (let page = 0; page < 20; page++) expect((await scan(subject, table)).Count).toBe(1);
  }),
];
