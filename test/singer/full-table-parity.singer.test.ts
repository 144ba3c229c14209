import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { type BothRuns, runBoth } from './both-taps.ts';
import { everyType } from './every-type.ts';
import { type LocalTables, startLocalTables } from './local-tables.ts';
import { catalogOf, type SelectedTable } from './tap-catalog.ts';
import { outputOf, withOneSchema } from './tap-output.ts';

const TABLES = [
  { name: 'by_text_and_number', key: { tenant: 'S', number: 'N' } },
  { name: 'by_binary', key: { id: 'B', at: 'B' } },
  { name: 'by_number', key: { id: 'N' } },
  { name: 'projected', key: { tenant: 'S', number: 'N' } },
  { name: 'paged', key: { id: 'S' } },
  { name: 'empty', key: { id: 'S' } },
] as const;
/** The Python tap asks for 1,000 items a page. */
const PAGED_COUNT = 2_100;
const COUNT = 60;

const SELECTED: readonly SelectedTable[] = TABLES.map(({ name, key }) => ({
  name,
  key: Object.keys(key),
  method: 'FULL_TABLE',
  ...(name === 'projected'
    ? {
        projection: 'tenant,#n,#map.deep.#l,#list[1],#list[0],#s,#dotted,texts,absent,#map.nowhere',
        expressionAttributes: {
          '#n': 'number',
          '#map': 'map',
          '#list': 'list',
          '#l': 'long',
          '#s': 'sometimes',
          '#dotted': 'a.b',
        },
      }
    : {}),
}));

let tables: LocalTables;
beforeAll(async () => {
  tables = await startLocalTables();
  for (const table of TABLES) await tables.create(table);
  const numbers = Array.from({ length: COUNT }, (_, number) => number);
  const tenants = numbers.map((number): DynamoItem => ({ ...everyType(number), ...composite(number) }));
  const binary = (text: string): { readonly B: string } => ({ B: Buffer.from(text, 'latin1').toString('base64') });
  await tables.put('by_text_and_number', tenants);
  await tables.put('projected', tenants);
  await tables.put(
    'by_binary',
    numbers.map((number) => ({
      ...everyType(number),
      id: binary(`\u0000\u00ff${number % 7}`),
      at: binary(`${number}`),
    })),
  );
  await tables.put(
    'by_number',
    numbers.map((number) => ({ id: { N: number % 2 === 0 ? `${number}` : `-${number}.25` }, ...everyType(number) })),
  );
  const paged = Array.from({ length: PAGED_COUNT }, (_, number) => ({
    id: { S: `id ${number}` },
    n: { N: `${number}` },
  }));
  await tables.put('paged', paged);
});
afterAll(() => tables.stop());

function composite(number: number): DynamoItem {
  return { tenant: { S: `tenant ${number % 5} ü` }, number: { N: `${number}` } };
}

describe('the Python tap and ours on the same tables', () => {
  test('discover the same catalog', async () => {
    const { python, ours } = await runBoth({ flags: ['--discover'] });
    expect({ python: python.code, ours: ours.code }).toEqual({ python: 0, ours: 0 });
    expect(JSON.parse(ours.stdout)).toEqual(JSON.parse(python.stdout));
  });

  test('write the same SCHEMA, ACTIVATE_VERSION and RECORD messages of whole tables, run after run', async () => {
    const catalog = catalogOf(SELECTED);
    const first = await runBoth({ catalog });
    expectEqual(first);
    expectEqual(await runBoth({ catalog, since: first }));
  });
});

function expectEqual({ python, ours }: BothRuns): void {
  for (const { name } of TABLES) {
    const [expected, actual] = [outputOf(python, name), outputOf(ours, name)];
    // In the order of DynamoDB, which is the same for both, yet nothing that a tap promises.
    expect({ name, records: [...actual.records].sort() }).toEqual({ name, records: [...expected.records].sort() });
    expect({ name, schemas: actual.schemas }).toEqual({ name, schemas: expected.schemas });
    expect({ name, order: actual.order }).toEqual({ name, order: withOneSchema(expected.order) });
  }
}
