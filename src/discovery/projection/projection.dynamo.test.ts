import { CreateTableCommand, type DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../../test/support/dynamodb-local.ts';
import { type Connection, createConnection } from '../../connection/clients.ts';
import type { TableKey } from '../../model/table.ts';
import { TributaryError } from '../../platform/errors.ts';
import { Secret } from '../../platform/secret.ts';
import { describeTable } from '../describe-table.ts';
import { checkSelection } from '../selection.ts';
import { parseProjection } from './parse-projection.ts';
import { DELIBERATE_DIFFERENCES, PROJECTION_CASES, type ProjectionCase } from './projection-cases.testsuite.ts';
import { RESERVED_WORDS } from './reserved-words.ts';

const TABLE = 'judged';
const KEY: TableKey = [{ name: 'pk', type: 'S' }];
/** See DELIBERATE_DIFFERENCES. */
const NOT_RESERVED_LOCALLY = ['CONVERT', 'SIZE'];

let local: DynamoDbLocal;
let connection: Connection;
let client: DynamoDBClient;

beforeAll(async () => {
  local = await startDynamoDbLocal();
  connection = createConnection({
    source: 'judge',
    region: 'us-east-1',
    endpoint: local.endpoint,
    stsEndpoint: null,
    credentials: { kind: 'static', accessKeyId: 'judge', secretAccessKey: new Secret('s'), sessionToken: null },
    roles: [],
    requestTimeoutMs: 30_000,
    maxConnections: 8,
  });
  client = connection.dynamodb;
  const index = { KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' as const }] };
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'g', AttributeType: 'S' },
      ],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        { ...index, IndexName: 'keys', Projection: { ProjectionType: 'KEYS_ONLY' } },
        { ...index, IndexName: 'some', Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['a'] } },
        { ...index, IndexName: 'whole', Projection: { ProjectionType: 'ALL' } },
      ],
    }),
  );
  await client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: 'x' }, g: { S: 'y' } } }));
});

afterAll(async () => {
  connection.close();
  await local.stop();
});

async function dynamoAccepts(
  { expression, names }: Omit<ProjectionCase, 'accepted'>,
  index?: string,
): Promise<boolean> {
  const command = new ScanCommand({
    TableName: TABLE,
    ProjectionExpression: expression,
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
    ...(index === undefined ? {} : { IndexName: index }),
  });
  try {
    await client.send(command);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: 'ValidationException' });
    return false;
  }
}

/** The rule that the key must be there is ours; a path into it is refused by both. */
function tributaryAccepts({ expression, names }: Omit<ProjectionCase, 'accepted'>): boolean {
  for (const key of [KEY, null]) {
    try {
      parseProjection({ expression, expressionAttributes: names ?? {}, key });
      return true;
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      if (!error.message.includes('is missing')) return false;
    }
  }
  return false;
}

test('every case of the table is decided by DynamoDB Local as it says', async () => {
  expect(PROJECTION_CASES.length).toBeGreaterThanOrEqual(60);
  const wrong: string[] = [];
  for (const one of PROJECTION_CASES) {
    if ((await dynamoAccepts(one)) !== one.accepted) wrong.push(one.expression);
    expect(tributaryAccepts(one), one.expression).toBe(one.accepted);
  }
  expect(wrong).toEqual([]);
});

test('the deliberate differences are differences', async () => {
  for (const one of DELIBERATE_DIFFERENCES) {
    expect(await dynamoAccepts(one), one.expression).toBe(!one.accepted);
  }
});

test('the reserved words are those of DynamoDB Local but for two that are documented', async () => {
  const free: string[] = [];
  for (const word of RESERVED_WORDS) {
    if (await dynamoAccepts({ expression: word.toLowerCase() })) free.push(word);
  }
  expect(free).toEqual(NOT_RESERVED_LOCALLY);
});

test('generated expressions are decided alike', async () => {
  const names: Readonly<Record<string, string>> = { '#a': 'a', '#b': 'x.y', '#p': 'pk' };
  const word = fc.constantFrom('a', 'b', 'c1', 'pk', '#a', '#b', '#p', '#z', 'name', 'set', '_x', '1', 'a-b', '');
  const step = fc.constantFrom('.a', '.b', '.#a', '[0]', '[1]', '[ 2 ]', '. c', '[01]', '[', ']', '.', ' ');
  const path = fc.tuple(word, fc.array(step, { maxLength: 3 })).map(([first, steps]) => first + steps.join(''));
  const separator = fc.constantFrom(',', ', ', ' ,\n', ',,', ' ', ';');
  const expression = fc
    .tuple(
      path,
      fc.array(fc.tuple(fc.oneof({ weight: 8, arbitrary: fc.constant(', ') }, separator), path), { maxLength: 3 }),
    )
    .map(([first, rest]) => first + rest.flat().join(''))
    .filter((text) => text.trim() !== '');
  await fc.assert(
    fc.asyncProperty(expression, async (text) => {
      const used = Object.entries(names).filter(([placeholder]) => text.includes(placeholder));
      const one = { expression: text, ...(used.length === 0 ? {} : { names: Object.fromEntries(used) }) };
      expect(tributaryAccepts(one)).toBe(await dynamoAccepts(one));
    }),
    { numRuns: 1_500 },
  );
});

test('attributes that an index does not hold are refused by both', async () => {
  const table = await describeTable(connection, TABLE, new AbortController().signal);
  for (const index of ['keys', 'some', 'whole']) {
    for (const expression of ['pk', 'pk, g', 'pk, a', 'pk, a.b', 'pk, b']) {
      const selection = {
        ref: { table: TABLE, index },
        method: 'FULL_TABLE',
        projection: expression,
        expressionAttributes: {},
        consistentRead: false,
        deletes: 'soft',
        keepLastImage: false,
        ttlDeletes: 'replicate',
      } as const;
      const decide = (): unknown => checkSelection(selection, table);
      const accepted = await dynamoAccepts({ expression }, index);
      if (accepted) expect(decide, `${index}: ${expression}`).not.toThrow();
      else expect(decide, `${index}: ${expression}`).toThrow(TributaryError);
    }
  }
});
