import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { scanAll } from '../support/sdk-items.ts';
import { type BothRuns, runBoth } from './both-taps.ts';
import { everyType } from './every-type.ts';
import { type LocalTables, startLocalTables } from './local-tables.ts';
import { recordsOfItems, replicaOf } from './replica.ts';
import { messagesOf, ourTap, pythonTap, runTap, type SingerState, type TapRun } from './run-tap.ts';
import { catalogOf, type SelectedTable } from './tap-catalog.ts';
import { cutAt, lastState, outputOf, recordOf, withOneSchema } from './tap-output.ts';

const TABLES = [
  { name: 'by_text_and_number', key: { tenant: 'S', number: 'N' } },
  { name: 'by_binary', key: { id: 'B', at: 'B' } },
  { name: 'by_number', key: { id: 'N' } },
  { name: 'projected', key: { tenant: 'S', number: 'N' } },
  { name: 'paged', key: { id: 'S' } },
  { name: 'empty', key: { id: 'S' } },
  // Taps hand the bytes of keys over as text, which is why these are UTF-8.
  { name: 'large', key: { id: 'B' } },
] as const;
const TAPS = { python: pythonTap, ours: ourTap };
/** Nine pages of a Scan. */
const LARGE = { count: 100, bytes: 90_000 };
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
  const binary = (bytes: Buffer): { readonly B: string } => ({ B: bytes.toString('base64') });
  await tables.put('by_text_and_number', tenants);
  await tables.put('projected', tenants);
  await tables.put(
    'by_binary',
    numbers.map((number) => ({
      ...everyType(number),
      id: binary(Buffer.from([0, 255, number % 7])),
      at: binary(Buffer.from([number])),
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
  const filler = { S: 'x'.repeat(LARGE.bytes) };
  await tables.put(
    'large',
    Array.from({ length: LARGE.count }, (_, number) => ({ id: binary(Buffer.from(`id ${number} ü`)), filler })),
  );
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

describe('each goes on for the other', () => {
  const catalog = catalogOf([{ name: 'large', key: ['id'], method: 'FULL_TABLE' }]);
  let runs: BothRuns;
  beforeAll(async () => {
    runs = await runBoth({ catalog });
  });
  const goOn = (to: 'python' | 'ours', state: SingerState): Promise<TapRun> => runTap(TAPS[to](), { catalog, state });
  const EXCHANGES = [
    { from: 'python', to: 'ours' },
    { from: 'ours', to: 'python' },
  ] as const;

  test.each(EXCHANGES)('behind a whole table: a new version ($from, then $to)', async ({ from, to }) => {
    const before = outputOf(runs[from], 'large');
    const after = outputOf(await goOn(to, lastState(runs[from])), 'large');
    expect(withOneSchema(after.order)).toEqual(['SCHEMA', 'RECORD 1', 'ACTIVATE_VERSION 1']);
    expect(after.versions[0]).toBeGreaterThan(before.versions[0] ?? Number.NaN);
    expect([...after.records].sort()).toEqual([...before.records].sort());
  });

  test.each(EXCHANGES)('between two pages: the rest of the version ($from, then $to)', async ({ from, to }) => {
    const { seen, state } = cutAt(
      runs[from],
      ({ bookmarks }) => (bookmarks?.['large']?.last_evaluated_key ?? null) !== null,
    );
    const run = await goOn(to, state);
    const after = outputOf(run, 'large');
    const begun = seen.filter(({ type }) => type === 'RECORD').map(recordOf);
    expect(begun.length).toBeGreaterThan(0);
    expect([...begun, ...after.records].sort()).toEqual([...outputOf(runs[from], 'large').records].sort());
    expect(after.versions).toEqual(outputOf(runs[from], 'large').versions);
    const messages = [...seen, ...messagesOf(run)];
    expect(replicaOf(messages, 'large')).toEqual(recordsOfItems(await scanAll(tables.client, 'large')));
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
