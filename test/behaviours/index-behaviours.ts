import { DescribeTableCommand, type GlobalSecondaryIndex, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import {
  type Behaviour,
  both,
  compositeKey,
  createTable,
  type Item,
  put,
  refusal,
  type Subject,
  scan,
  scanPages,
} from './behaviour.ts';

function globalIndex(name: string, projection: GlobalSecondaryIndex['Projection']): GlobalSecondaryIndex {
  return { IndexName: name, KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }], Projection: projection };
}

const ITEMS: Item[] = [
  { pk: { S: 'a' }, sk: { N: '1' }, g: { S: 'red' }, x: { S: 'x1' }, y: { S: 'y1' } },
  { pk: { S: 'b' }, sk: { N: '1' }, g: { S: 'red' }, x: { S: 'x2' } },
  { pk: { S: 'c' }, sk: { N: '1' }, x: { S: 'no g: in no index' } },
];

/** A table with an index of every kind, and three items, of which the indexes hold two. */
async function indexedTable(subject: Subject): Promise<string> {
  const table = await createTable(subject, {
    ...compositeKey('g'),
    GlobalSecondaryIndexes: [
      globalIndex('all', { ProjectionType: 'ALL' }),
      globalIndex('keys', { ProjectionType: 'KEYS_ONLY' }),
      globalIndex('include', { ProjectionType: 'INCLUDE', NonKeyAttributes: ['x'] }),
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: 'local',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'g', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  });
  await put(subject, table, ...ITEMS);
  return table;
}

async function indexItems(subject: Subject, table: string, index: string): Promise<Item[]> {
  const pages = await scanPages(subject, table, { IndexName: index });
  const items = pages.flatMap(({ Items = [] }) => Items);
  return items.sort((a, b) => ((a['pk']?.S ?? '') < (b['pk']?.S ?? '') ? -1 : 1));
}

export const INDEX_BEHAVIOURS: readonly Behaviour[] = [
  both('scans a global index: only items that have its key', async (subject) => {
    expect(await indexItems(subject, await indexedTable(subject), 'all')).toEqual(ITEMS.slice(0, 2));
  }),
  both('scans a local index: only items that have its key', async (subject) => {
    expect(await indexItems(subject, await indexedTable(subject), 'local')).toEqual(ITEMS.slice(0, 2));
  }),
  both('gives only the keys of a KEYS_ONLY index', async (subject) => {
    const keys = ['pk', 'sk', 'g'];
    const expected = ITEMS.slice(0, 2).map((item) =>
      Object.fromEntries(Object.entries(item).filter(([name]) => keys.includes(name))),
    );
    expect(await indexItems(subject, await indexedTable(subject), 'keys')).toEqual(expected);
  }),
  both('gives keys and included attributes of an INCLUDE index', async (subject) => {
    const expected = ITEMS.slice(0, 2).map((item) =>
      Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'y')),
    );
    expect(await indexItems(subject, await indexedTable(subject), 'include')).toEqual(expected);
  }),
  both('gives index key and table key as LastEvaluatedKey, and goes on from it', async (subject) => {
    const table = await indexedTable(subject);
    const pages = await scanPages(subject, table, { IndexName: 'keys', Limit: 1 });
    expect(pages.map(({ Count }) => Count)).toEqual([1, 1, 0]);
    expect(Object.keys(pages[0]?.LastEvaluatedKey ?? {}).sort()).toEqual(['g', 'pk', 'sk']);
    const found = pages.flatMap(({ Items = [] }) => Items.map((item) => item['pk']?.S));
    expect(found.sort()).toEqual(['a', 'b']);
  }),
  both('scans an index in segments', async (subject) => {
    const table = await indexedTable(subject);
    const found: (string | undefined)[] = [];
    for (let segment = 0; segment < 3; segment++) {
      const page = await scan(subject, table, { IndexName: 'all', Segment: segment, TotalSegments: 3 });
      found.push(...(page.Items ?? []).map((item) => item['pk']?.S));
    }
    expect(found.sort()).toEqual(['a', 'b']);
  }),
  both('follows updates and deletes of the table', async (subject) => {
    const table = await indexedTable(subject);
    await put(subject, table, { pk: { S: 'a' }, sk: { N: '1' } }, { pk: { S: 'c' }, sk: { N: '1' }, g: { S: 'blue' } });
    expect((await indexItems(subject, table, 'keys')).map((item) => item['pk']?.S)).toEqual(['b', 'c']);
  }),
  both('refuses a consistent read of a global index', async (subject) => {
    const table = await indexedTable(subject);
    expect(await refusal(scan(subject, table, { IndexName: 'all', ConsistentRead: true }))).toBe(
      'ValidationException: Consistent read cannot be true when scanning a GSI',
    );
  }),
  both('allows a consistent read of a local index', async (subject) => {
    const table = await indexedTable(subject);
    expect((await scan(subject, table, { IndexName: 'local', ConsistentRead: true })).Count).toBe(2);
  }),
  both('refuses an index that does not exist', async (subject) => {
    const table = await indexedTable(subject);
    expect(await refusal(scan(subject, table, { IndexName: 'nope' }))).toBe(
      'ValidationException: The table does not have the specified index: nope',
    );
  }),
  both('refuses a projection of what a global index does not hold', async (subject) => {
    const table = await indexedTable(subject);
    expect(await refusal(scan(subject, table, { IndexName: 'keys', ProjectionExpression: 'pk, x' }))).toBe(
      'ValidationException: One or more parameter values were invalid: Global secondary index keys does not project [x]',
    );
  }),
  both('refuses the start key of the table for an index', async (subject) => {
    const table = await indexedTable(subject);
    const key = { pk: { S: 'a' }, sk: { N: '1' } };
    expect(await refusal(scan(subject, table, { IndexName: 'all', ExclusiveStartKey: key }))).toContain(
      'ValidationException: ',
    );
  }),
  both('refuses an item whose index key has the wrong type', async (subject) => {
    const table = await indexedTable(subject);
    expect(await refusal(put(subject, table, { pk: { S: 'a' }, sk: { N: '1' }, g: { N: '1' } }))).toContain(
      'Type mismatch for Index Key',
    );
  }),
  both('describes indexes with key, projection and status', async (subject) => {
    const table = await indexedTable(subject);
    const { Table } = await subject.client.send(new DescribeTableCommand({ TableName: table }));
    const described = Table?.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection, IndexStatus }) => ({
      IndexName,
      KeySchema,
      Projection,
      IndexStatus,
    }));
    const byName = [...(described ?? [])].sort((a, b) => ((a.IndexName ?? '') < (b.IndexName ?? '') ? -1 : 1));
    expect(byName).toEqual([
      { ...globalIndex('all', { ProjectionType: 'ALL' }), IndexStatus: 'ACTIVE' },
      { ...globalIndex('include', { ProjectionType: 'INCLUDE', NonKeyAttributes: ['x'] }), IndexStatus: 'ACTIVE' },
      { ...globalIndex('keys', { ProjectionType: 'KEYS_ONLY' }), IndexStatus: 'ACTIVE' },
    ]);
    expect(Table?.LocalSecondaryIndexes?.map(({ IndexName, IndexArn }) => [IndexName, IndexArn])).toEqual([
      ['local', `${Table?.TableArn}/index/local`],
    ]);
  }),
  both('adds and removes a global index of a table that exists', async (subject) => {
    const table = await createTable(subject);
    const create = {
      TableName: table,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' as const },
        { AttributeName: 'g', AttributeType: 'S' as const },
      ],
      GlobalSecondaryIndexUpdates: [{ Create: globalIndex('later', { ProjectionType: 'ALL' }) }],
    };
    const { TableDescription } = await subject.client.send(new UpdateTableCommand(create));
    expect(TableDescription?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['later']);
  }),
];
