import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scanAll } from '../support/sdk-items.ts';
import { type BothRuns, runBoth } from './both-taps.ts';
import {
  CLOSED_ONLY,
  COUNT,
  type FollowedTables,
  LARGE_CHANGES,
  LARGE_COUNT,
  order,
  startFollowedTables,
  TABLES,
} from './followed-tables.ts';
import { difference } from './listed-differences.ts';
import { recordsOfItems, replicaOf } from './replica.ts';
import {
  LOCAL_CONFIG,
  messagesOf,
  ourTap,
  pythonTap,
  runTap,
  type SingerMessage,
  type SingerState,
  type Tap,
} from './run-tap.ts';
import { catalogOf, type SelectedTable } from './tap-catalog.ts';
import { cutAt, lastState, outputOf, recordOf, withOneSchema, without } from './tap-output.ts';

const TAPS = { python: pythonTap, ours: ourTap };
const NAMES = ['python', 'ours'] as const;

let tables: FollowedTables;
beforeAll(async () => {
  tables = await startFollowedTables();
}, 240_000);
afterAll(() => tables?.stop());

describe('the Python tap and ours on the same streams', () => {
  test.each(['orders', 'projected', 'large'])(
    'write the same messages of %s, initially and when a shard is closed',
    (name) => {
      for (const runs of [tables.first, tables.second]) {
        expectEqual(name, runs);
        expect(outputOf(runs.ours, name).records).not.toEqual([]);
      }
    },
  );

  test.each(NAMES)('make a target equal to the table (%s)', async (tap) => {
    const messages = [...messagesOf(tables.first[tap]), ...messagesOf(tables.second[tap])];
    await expectNothingLost('orders', messages);
    await expectNothingLost('large', messages);
  });

  test.each([
    { from: 'python', to: 'ours' },
    { from: 'ours', to: 'python' },
  ] as const)('go on with the stream for each other ($from, then $to)', async ({ from, to }) => {
    const run = await goOn(TAPS[to](), [TABLES.orders], lastState(tables.first[from]));
    const [before, after, expected] = [
      outputOf(tables.first[from], 'orders'),
      outputOf(run, 'orders'),
      outputOf(tables.second[to], 'orders'),
    ];
    expect({ records: after.records, versions: after.versions }).toEqual({
      records: expected.records,
      versions: before.versions,
    });
    await expectNothingLost('orders', [...messagesOf(tables.first[from]), ...messagesOf(run)]);
    expect(lastState(run).bookmarks?.['orders']?.initial_full_table_complete).toBe(true);
  });

  test('ours goes on in the middle of a shard that the Python tap has begun', async () => {
    const { seen, state } = cutAt(tables.second.python, ({ bookmarks }) => {
      const numbers = Object.values(bookmarks?.['orders']?.shard_seq_numbers ?? {});
      return numbers.some((number) => number !== null);
    });
    const begun = seen.filter(({ type, stream }) => type === 'RECORD' && stream === 'orders').map(recordOf);
    expect(begun).toHaveLength(100);
    const run = await goOn(ourTap(), [TABLES.orders], state);
    const rest = outputOf(run, 'orders').records.map((record) => without(record, '_sdc_deleted_at', 'null'));
    expect([...begun, ...rest]).toEqual(outputOf(tables.second.python, 'orders').records);
  });

  test.each([
    { from: 'python', to: 'ours' },
    { from: 'ours', to: 'python' },
  ] as const)(
    'lose nothing of an initial load that one begins and the other ends ($from, then $to)',
    async ({ from, to }) => {
      const { seen, state } = halfOfLarge(tables.first[from]);
      await expectNothingLost('large', [...seen, ...messagesOf(await goOn(TAPS[to](), [TABLES.large], state))]);
    },
  );
});

describe('listed differences', () => {
  test(difference('interrupted initial load'), async () => {
    const halves = { python: halfOfLarge(tables.first.python), ours: halfOfLarge(tables.first.ours) };
    const python = outputOf(await goOn(pythonTap(), [TABLES.large], halves.python.state), 'large');
    expect(python.versions).not.toContain(versionOf(halves.python.state, 'large'));
    const items = await scanAll(tables.client, 'large');
    expect(python.records).toHaveLength(items.length);
    // Also where the Python tap was interrupted.
    for (const { state, seen } of Object.values(halves)) {
      const ours = outputOf(await goOn(ourTap(), [TABLES.large], state), 'large');
      expect(ours.versions).toEqual([versionOf(state, 'large')]);
      const seenCount = seen.filter(({ stream, type }) => stream === 'large' && type === 'RECORD').length;
      expect(ours.records.length).toBeLessThanOrEqual(LARGE_COUNT - seenCount + LARGE_CHANGES);
    }
  });

  test(difference('deleted rows come back'), () => {
    const isBack = (record: string): boolean => record.includes('"text":"back"');
    const [python] = outputOf(tables.second.python, 'orders').records.filter(isBack);
    const [ours] = outputOf(tables.second.ours, 'orders').records.filter(isBack);
    expect(python).not.toContain('_sdc_deleted_at');
    expect(ours).toContain('"_sdc_deleted_at":null');
    const scanned = outputOf(tables.first.ours, 'orders').records;
    expect(scanned.filter((record) => !record.includes('"_sdc_deleted_at":null'))).toEqual([]);
  });

  test(difference('absent paths of a projection'), () => {
    const recordOfSix = ({ python, ours }: BothRuns): object => {
      const find = (run: BothRuns['ours']): string | undefined =>
        outputOf(run, 'sparse').records.find((record) => record.includes('"number":6,'));
      return { python: find(python), ours: find(ours) };
    };
    const key = '"number":6,"tenant":"tenant 1 ü"';
    expect(recordOfSix(tables.first)).toEqual({
      python: `{"list":[1.1,"x"],${key}}`,
      ours: `{"_sdc_deleted_at":null,"list":[1.1,"x"],${key}}`,
    });
    expect(recordOfSix(tables.second)).toEqual({
      python: `{"absent":null,"integers":[],"list":[[],"y"],"map":{"nowhere":null},${key}}`,
      ours: `{"_sdc_deleted_at":null,"list":["y",[]],${key}}`,
    });
  });

  test(difference('undefined placeholder'), async () => {
    const selected = { ...TABLES.orders, projection: 'tenant,#n' };
    const state = lastState(tables.first.python);
    const [record] = outputOf(await goOn(pythonTap(), [selected], state), 'orders').records;
    expect(record).toBe('{"#n":null,"tenant":"tenant 0 ü"}');
    const ours = await goOn(ourTap(), [selected], state);
    expect(ours).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('#n') });
  });

  test(difference('state of finished shards'), async () => {
    const third = await runBoth({ config: CLOSED_ONLY, catalog: catalogOf([TABLES.orders]), since: tables.second });
    const shardsOf = (run: BothRuns['ours']): readonly string[] =>
      lastState(run).bookmarks?.['orders']?.finished_shards ?? [];
    expect(shardsOf(tables.second.python)).toHaveLength(1);
    expect(new Set(shardsOf(third.python)).size).toBeLessThan(shardsOf(third.python).length);
    expect(shardsOf(third.ours)).toEqual([...new Set(shardsOf(third.python))]);
  });

  test(difference('last success long ago'), async () => {
    const state = lastState(tables.second.python);
    const times = { version: Date.UTC(2019, 0, 1), success_timestamp: '2020-01-01T00:00:00.000000Z' };
    const bookmark = { ...state.bookmarks?.['orders'], ...times };
    const old = { bookmarks: { orders: bookmark } };
    const python = outputOf(await goOn(pythonTap(), [TABLES.orders], old), 'orders');
    expect(python.order.slice(2)).toEqual([
      'ACTIVATE_VERSION 1',
      'RECORD 1',
      'ACTIVATE_VERSION 1',
      'ACTIVATE_VERSION 1',
    ]);
    expect(python.versions).not.toEqual([bookmark.version]);
    const ours = outputOf(await goOn(ourTap(), [TABLES.orders], old), 'orders');
    expect(ours).toMatchObject({ records: [], versions: [bookmark.version] });
  });

  test(difference('open shards'), async () => {
    await tables.put('orders', [order(COUNT + 2)]);
    const catalog = catalogOf([TABLES.orders]);
    const { python, ours } = await runBoth({ config: LOCAL_CONFIG, catalog, since: tables.second });
    expect(outputOf(python, 'orders').records).toEqual([]);
    const records = outputOf(ours, 'orders').records.map((record) => without(record, '_sdc_deleted_at', 'null'));
    expect(records).toEqual(recordsOfItems([order(COUNT + 2)]));
  });
});

/** The initial load of `large` as a target knows it that has seen a part of it. */
function halfOfLarge(run: BothRuns['ours']): { readonly seen: readonly SingerMessage[]; readonly state: SingerState } {
  return cutAt(run, ({ bookmarks }) => (bookmarks?.['large']?.last_evaluated_key ?? null) !== null);
}

function versionOf({ bookmarks }: SingerState, name: string): number | undefined {
  return bookmarks?.[name]?.version;
}

function goOn(tap: Tap, selected: readonly SelectedTable[], state: SingerState) {
  return runTap(tap, { config: CLOSED_ONLY, catalog: catalogOf(selected), state });
}

function expectEqual(name: string, { python, ours }: BothRuns): void {
  const [expected, actual] = [outputOf(python, name), outputOf(ours, name)];
  const records = actual.records.map((record) => without(record, '_sdc_deleted_at', 'null'));
  expect(records).toEqual(expected.records);
  expect(actual.schemas).toEqual(expected.schemas);
  expect(actual.order).toEqual(withOneSchema(expected.order));
}

async function expectNothingLost(name: string, messages: readonly SingerMessage[]): Promise<void> {
  expect(replicaOf(messages, name)).toEqual(recordsOfItems(await scanAll(tables.client, name)));
}
