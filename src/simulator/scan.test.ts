import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Simulator, startSimulator } from './simulator.ts';

const SCHEMA = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'N' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
};

let simulator: Simulator;
let tableCount = 0;

beforeAll(async () => {
  simulator = await startSimulator();
});

afterAll(() => simulator.close());

interface Page {
  readonly Items: readonly { readonly pk: { readonly S: string }; readonly sk: { readonly N: string } }[];
  readonly LastEvaluatedKey?: object;
}

async function scan(input: object): Promise<Page> {
  const response = await fetch(simulator.endpoint, {
    method: 'POST',
    headers: {
      'x-amz-target': 'DynamoDB_20120810.Scan',
      authorization: 'Credential=k/1/us-east-1/dynamodb/aws4_request',
    },
    body: JSON.stringify(input),
  });
  return JSON.parse(await response.text());
}

it('reads every item once, whatever is written, deleted, segmented and paged', async () => {
  const write = fc.record({
    pk: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    sk: fc.integer({ min: -3, max: 3 }),
    remove: fc.boolean(),
  });
  const plan = fc.record({
    rounds: fc.array(fc.array(write, { maxLength: 20 }), { minLength: 1, maxLength: 2 }),
    totalSegments: fc.integer({ min: 1, max: 9 }),
    limit: fc.integer({ min: 1, max: 7 }),
    emptyPages: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ rounds, totalSegments, limit, emptyPages }) => {
      const table = `scan-${tableCount++}`;
      simulator.tables.create({ TableName: table, ...SCHEMA });
      simulator.faults.clear();
      if (emptyPages) {
        for (let after = 0; after < 100; after += 3) {
          simulator.faults.add({ table, after, fault: { kind: 'empty-page' } });
        }
      }
      const expected = new Set<string>();
      for (const writes of rounds) {
        for (const { pk, sk, remove } of writes) {
          const key = { pk: { S: pk }, sk: { N: String(sk) } };
          if (remove) simulator.tables.deleteItems(table, [key]);
          else simulator.tables.putItems(table, [key]);
          expected[remove ? 'delete' : 'add'](`${pk} ${sk}`);
        }
        // Reading between the rounds makes the order be repaired more than once.
        expect(await readAll({ table, totalSegments, limit })).toEqual([...expected].sort());
      }
    }),
    { numRuns: 25 },
  );
});

async function readAll({ table, totalSegments, limit }: { table: string; totalSegments: number; limit: number }) {
  const found: string[] = [];
  for (let segment = 0; segment < totalSegments; segment++) {
    let startKey: object | undefined;
    do {
      const page = await scan({
        TableName: table,
        Segment: segment,
        TotalSegments: totalSegments,
        Limit: limit,
        ExclusiveStartKey: startKey,
      });
      found.push(...page.Items.map(({ pk, sk }) => `${pk.S} ${sk.N}`));
      startKey = page.LastEvaluatedKey;
    } while (startKey !== undefined);
  }
  return found.sort();
}
