import { CreateTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { type Item, refusal } from './behaviour.ts';

const TABLE = 'differential';
const ITEM: Item = {
  pk: { S: 'key' },
  a: { M: { a: { L: [{ N: '1' }, { M: { b: { S: 'x' }, a: { NULL: true } } }] }, b: { S: 'y' } } },
  b: { L: [{ L: [{ N: '2' }, { M: { a: { BOOL: true } } }] }, { S: 'z' }, { M: { c: { N: '3' } } }] },
  c: { SS: ['s', 't'] },
};

let simulator: Simulator;
let dynamoDbLocal: DynamoDbLocal;
let clients: DynamoDBClient[];

beforeAll(async () => {
  simulator = await startSimulator();
  dynamoDbLocal = await startDynamoDbLocal();
  clients = [simulator, dynamoDbLocal].map(
    ({ endpoint }) =>
      new DynamoDBClient({
        endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
        maxAttempts: 1,
      }),
  );
  for (const client of clients) {
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    await client.send(new PutItemCommand({ TableName: TABLE, Item: ITEM }));
  }
});

afterAll(async () => {
  for (const client of clients ?? []) client.destroy();
  await dynamoDbLocal?.stop();
  await simulator?.close();
});

/** The item that comes back, or the text of the error. */
async function outcome(client: DynamoDBClient, expression: string): Promise<Item | string | undefined> {
  const names = { '#a': 'a', '#pk': 'pk' };
  const used = Object.fromEntries(Object.entries(names).filter(([name]) => expression.includes(name)));
  const request = client.send(
    new ScanCommand({
      TableName: TABLE,
      ProjectionExpression: expression,
      ...(Object.keys(used).length > 0 ? { ExpressionAttributeNames: used } : {}),
    }),
  );
  return request.then(
    ({ Items }) => Items?.[0],
    async () => withoutChoice(await refusal(request)),
  );
}

/** Where several paths clash, or several names are undefined, it is left open which of them a message names. */
function withoutChoice(message: string): string {
  return message
    .replace(/Two document paths (?:overlap|conflict).*/, 'Two document paths clash')
    .replace(/(is not defined; attribute name:).*/, '$1');
}

const name = fc.constantFrom('a', 'b', 'c', 'pk', '#a', '#pk', 'nope');
const step = fc.oneof(
  name.map((text) => `.${text}`),
  fc.nat({ max: 3 }).map((index) => `[${index}]`),
);
const path = fc.tuple(name, fc.array(step, { maxLength: 4 })).map(([first, steps]) => first + steps.join(''));
const wellFormed = fc.array(path, { minLength: 1, maxLength: 4 }).map((paths) => paths.join(', '));
const fragment = fc.constantFrom(
  'a',
  'b1',
  '#a',
  '#',
  '.',
  '[',
  ']',
  ',',
  ' ',
  '0',
  '01',
  '12',
  '-',
  'AND',
  'name',
  ':v',
  '(',
  '"',
  'é',
);
const malformed = fc
  .array(fragment, { minLength: 1, maxLength: 8 })
  .map((fragments) => fragments.join(''))
  // DynamoDB Local reads `a.:v` as an undefined name; both refuse it.
  .filter((expression) => !/\.\s*:v/.test(expression));

it('projects well-formed expressions as DynamoDB Local does', async () => {
  await fc.assert(
    fc.asyncProperty(wellFormed, async (expression) => {
      const [ours, theirs] = await Promise.all(clients.map((client) => outcome(client, expression)));
      expect(ours).toEqual(theirs);
    }),
    { numRuns: 800 },
  );
});

it('refuses malformed expressions in the words of DynamoDB Local', async () => {
  await fc.assert(
    fc.asyncProperty(malformed, async (expression) => {
      const [ours, theirs] = await Promise.all(clients.map((client) => outcome(client, expression)));
      expect(ours).toEqual(theirs);
    }),
    { numRuns: 800 },
  );
});
