import { describe, expect, test } from 'vitest';
import {
  createOrderedTarget,
  ORDERS,
  type OrderedTarget,
  type SingerMessage,
  type SingerState,
  tapInto,
} from '../../test/support/ordered-target.ts';
import { gap, remove, STREAM, shards, upsert } from '../../test/support/stream-samples.ts';
import { baseOf, behind, tableLoader } from '../../test/support/table-loader.ts';
import { createLogger } from '../platform/logger.ts';
import type { TapDestination } from './tap-destination.ts';

const NEVER = { signal: new AbortController().signal };
const FULL_TABLE = { ...ORDERS, method: 'FULL_TABLE' } as const;

const ordersTarget = (): OrderedTarget => createOrderedTarget(({ id }) => String(id));
const fullTable = () => tableLoader({ totalSegments: 1 });
const followed = () => tableLoader({ totalSegments: 1, stream: STREAM, shards: shards(1) });
const item = (id: string) => ({ id: { S: id } });
const change = (id: string, n: number) => upsert({ ...item(id), n: { N: String(n) } }, baseOf(1) + BigInt(n));

/** The messages in short; versions are numbered as they come. */
function transcript({ messages }: Pick<OrderedTarget, 'messages'>): readonly string[] {
  const versions = new Map<number, number>();
  const numberOf = (version = 0): number => {
    const number = versions.get(version) ?? versions.size + 1;
    versions.set(version, number);
    return number;
  };
  return messages.map((message) => {
    const { type, version, record } = message;
    if (type === 'RECORD') return `RECORD ${record?.['id']} v${numberOf(version)}`;
    return type === 'ACTIVATE_VERSION' ? `ACTIVATE v${numberOf(version)}` : type;
  });
}

function bookmarkIn(state: SingerState | null | undefined): Readonly<Record<string, unknown>> {
  return state?.bookmarks['orders'] ?? {};
}

async function endRun(tap: TapDestination): Promise<void> {
  await tap.succeeded('orders', Date.now());
  await tap.close();
}

/** A FULL_TABLE run as replication makes it: two pages in two commits. */
async function readTwoPages(target: OrderedTarget, version: number, state: unknown = {}): Promise<void> {
  const tap = tapInto(target.connect(), { streams: [FULL_TABLE], state });
  const loader = fullTable();
  await tap.resume('orders', NEVER);
  await loader.begin(tap, version);
  const lane = await loader.open(tap, version);
  await lane.put([item('a'), item('b')], behind('b'));
  await lane.put([item('c')], 'end');
  await loader.finish(tap, version);
  await endRun(tap);
}

describe('the messages of a FULL_TABLE run', () => {
  test('begin with ACTIVATE_VERSION when there was none before, and end with it', async () => {
    const target = ordersTarget();
    await readTwoPages(target, 1);
    expect(transcript(target)).toEqual([
      ...['SCHEMA', 'ACTIVATE v1', 'STATE', 'RECORD a v1', 'RECORD b v1', 'STATE', 'RECORD c v1', 'STATE'],
      ...['ACTIVATE v1', 'STATE', 'STATE'],
    ]);
    expect(bookmarkIn(target.state)).toMatchObject({
      last_replication_method: 'FULL_TABLE',
      initial_full_table_complete: true,
      last_evaluated_key: null,
      finished_shards: null,
      success_timestamp: expect.stringMatching(/^20.*000Z$/),
      version: target.messages.at(-3)?.version,
    });
  });

  test('activate a later version only when it is complete', async () => {
    const target = ordersTarget();
    await readTwoPages(target, 1);
    const before = target.messages.length;
    await readTwoPages(target, 2, target.state);
    expect(transcript({ messages: target.messages.slice(before) })).toEqual([
      ...['SCHEMA', 'STATE', 'RECORD a v1', 'RECORD b v1', 'STATE', 'RECORD c v1', 'STATE'],
      ...['ACTIVATE v1', 'STATE', 'STATE'],
    ]);
  });

  test('say behind which key it was interrupted, and go on there', async () => {
    const target = ordersTarget();
    const first = tapInto(target.connect(), { streams: [FULL_TABLE] });
    const loader = fullTable();
    await loader.begin(first, 1);
    const lane = await loader.open(first, 1);
    await lane.put([item('a')], behind('a'));
    await first.close();
    expect(bookmarkIn(target.state)).toMatchObject({
      last_evaluated_key: { id: { S: 'a' } },
      initial_full_table_complete: false,
      success_timestamp: null,
    });

    const second = tapInto(target.connect(), { streams: [FULL_TABLE], state: target.state });
    await second.resume('orders', NEVER);
    const [state] = await second.runStore.readTables('shop');
    expect(state?.loading).toMatchObject({ version: 1, identity: 'table-id-1', layout: 'layout-1' });
    expect(await second.runStore.readUnits('shop', 'orders')).toMatchObject([{ position: behind('a') }]);
    const again = fullTable();
    await again.adopt(second);
    const rest = await again.open(second, 1);
    await rest.put([item('b')], 'end');
    await again.finish(second, 1);
    await endRun(second);
    expect(transcript(target).slice(-8)).toEqual([
      ...['STATE', 'SCHEMA', 'STATE', 'RECORD b v1', 'STATE', 'ACTIVATE v1', 'STATE', 'STATE'],
    ]);
  });

  test('do not begin where no version comes after that of the state', async () => {
    const target = ordersTarget();
    const bookmark = { last_replication_method: 'FULL_TABLE', version: Number.MAX_SAFE_INTEGER };
    const state = { bookmarks: { orders: { ...bookmark, success_timestamp: '2026-11-23T15:06:50.205000Z' } } };
    await expect(readTwoPages(target, 1, state)).rejects.toMatchObject({
      code: 'STATE_INVALID',
      hint: expect.stringContaining('bookmarks.orders'),
    });
    expect(target.messages).toEqual([]);
  });

  test('begin with a version and end with it where the table is empty', async () => {
    const target = ordersTarget();
    const tap = tapInto(target.connect(), { streams: [FULL_TABLE] });
    const loader = fullTable();
    await loader.replace(tap, 1, []);
    await endRun(tap);
    expect(transcript(target)).toEqual(['SCHEMA', 'ACTIVATE v1', 'ACTIVATE v1', 'STATE']);
  });
});

/** The first run of a followed table: a page, then changes. */
async function firstRun(target: OrderedTarget) {
  const tap = tapInto(target.connect());
  const loader = followed();
  await tap.resume('orders', NEVER);
  await loader.begin(tap, 1, { placement: 'live' });
  const lane = await loader.open(tap, 1);
  await lane.put([item('a'), item('b')], 'end');
  const [shard] = loader.shards;
  await lane.apply([change('a', 1), remove(item('b'), baseOf(1) + 2n)], 'after 2', shard);
  await loader.finish(tap, 1);
  await endRun(tap);
  return loader;
}

describe('the messages of a LOG_BASED run', () => {
  test('activate the first version before its rows, behind its Scan and before its log', async () => {
    const target = ordersTarget();
    await firstRun(target);
    expect(transcript(target)).toEqual([
      ...['SCHEMA', 'ACTIVATE v1', 'STATE', 'RECORD a v1', 'RECORD b v1', 'ACTIVATE v1', 'STATE'],
      ...['ACTIVATE v1', 'RECORD a v1', 'RECORD b v1', 'STATE', 'STATE', 'STATE'],
    ]);
    const deleted = { id: 'b', _sdc_deleted_at: '2030-01-01T12:00:00.000000Z' };
    expect(target.messages.flatMap(({ record }) => record ?? [])).toEqual([
      ...[
        { id: 'a', _sdc_deleted_at: null },
        { id: 'b', _sdc_deleted_at: null },
      ],
      ...[{ id: 'a', n: 1, _sdc_deleted_at: null }, deleted],
    ]);
    expect(bookmarkIn(target.state)).toMatchObject({
      initial_full_table_complete: true,
      finished_shards: [],
      shard_seq_numbers: { [shards(1)[0]?.slice('shard:'.length) ?? '']: '2' },
    });
  });

  test('activate the version before the log of a later run, which goes on from the state', async () => {
    const target = ordersTarget();
    await firstRun(target);
    const before = target.messages.length;
    const tap = tapInto(target.connect(), { state: target.state });
    await tap.resume('orders', NEVER);
    const loader = followed();
    await loader.adopt(tap);
    const lane = await loader.open(tap, 1, loader.shards);
    await lane.apply([change('c', 3)], 'after 3');
    await endRun(tap);
    expect(transcript({ messages: target.messages.slice(before) })).toEqual([
      ...['SCHEMA', 'ACTIVATE v1', 'STATE', 'RECORD c v1', 'STATE', 'STATE'],
    ]);
  });

  test('say one STATE, the last, where there was nothing to read', async () => {
    const target = ordersTarget();
    await firstRun(target);
    const before = target.messages.length;
    const tap = tapInto(target.connect(), { state: target.state });
    await tap.resume('orders', NEVER);
    const loader = followed();
    await loader.adopt(tap);
    const lane = await loader.open(tap, 1, loader.shards);
    await lane.commit('end');
    await endRun(tap);
    expect(transcript({ messages: target.messages.slice(before) })).toEqual(['SCHEMA', 'ACTIVATE v1', 'STATE']);
    expect(bookmarkIn(target.state)).toMatchObject({ shard_seq_numbers: {}, finished_shards: [expect.any(String)] });
  });

  test('do not activate a version while a part of its Scan is missing', async () => {
    const target = ordersTarget();
    const tap = tapInto(target.connect());
    const loader = followed();
    await loader.begin(tap, 1, { placement: 'live' });
    const lane = await loader.open(tap, 1);
    await lane.put([item('a')], behind('a'));
    await lane.apply([change('a', 1)], 'after 1', loader.shards[0]);
    await lane.put([item('b')], 'end', loader.units[0]);
    await tap.close();
    expect(transcript(target).filter((message) => message !== 'STATE')).toEqual([
      ...['SCHEMA', 'ACTIVATE v1', 'RECORD a v1', 'RECORD a v1', 'RECORD b v1', 'ACTIVATE v1'],
    ]);
  });

  test('read a table again after a gap as one new version, activated once at its end', async () => {
    const target = ordersTarget();
    await firstRun(target);
    const before = target.messages.length;
    const tap = tapInto(target.connect(), { state: target.state });
    await tap.resume('orders', NEVER);
    const loader = followed();
    await loader.adopt(tap);
    await loader.resync(tap, 1, { gaps: [gap('g1')] });
    expect(await tap.runStore.readGaps('shop')).toMatchObject([{ gapId: 'g1' }]);
    const lane = await loader.open(tap, 1);
    await lane.put([item('a')], 'end');
    await lane.apply([change('a', 9)], 'after 9', loader.shards[0]);
    const halfDone = bookmarkIn(target.state);
    await loader.finish(tap, 1);
    await endRun(tap);
    expect(transcript({ messages: target.messages.slice(before) })).toEqual([
      ...['SCHEMA', 'STATE', 'RECORD a v1', 'ACTIVATE v1', 'STATE', 'RECORD a v1', 'STATE', 'STATE', 'STATE'],
    ]);
    const versions = target.messages.flatMap(({ version }) => version ?? []);
    expect(versions.at(-1)).toBeGreaterThan(versions[0] ?? Number.POSITIVE_INFINITY);
    expect([...(target.rows.get('orders')?.keys() ?? [])]).toEqual(['a']);
    expect(await tap.runStore.readGaps('shop')).toEqual([]);
    // Given to the Python tap in the middle, it must begin anew: it takes every shard that is closed by then for read.
    expect(halfDone).toMatchObject({
      initial_full_table_complete: false,
      success_timestamp: '1970-01-01T00:00:00.000000Z',
    });
  });

  test('begin with the state that the run began with, which covers nothing of its rows', async () => {
    const target = ordersTarget();
    await firstRun(target);
    const given = target.state;
    const before = target.messages.length;
    const tap = tapInto(target.connect(), { state: given });
    await tap.resume('orders', NEVER);
    const loader = followed();
    await loader.adopt(tap);
    const lane = await loader.open(tap, 1, loader.shards);
    await lane.apply([change('c', 3)], 'after 3');
    const states = target.messages.slice(before).filter(({ type }) => type === 'STATE');
    expect(states[0]?.value).toEqual(given);
    const [number] = Object.values(bookmarkIn(states[1]?.value)['shard_seq_numbers'] ?? {});
    expect(number).toBe('3');
  });
});

describe('a state that has grown large', () => {
  test('is said at most each ten seconds, and always at the end', async () => {
    const target = ordersTarget();
    let nowMs = 1_000_000;
    const clock = { now: () => nowMs, sleep: async () => {} };
    const foreign = { bookmarks: { other: { text: 'x'.repeat(300 * 1024) } } };
    const tap = tapInto(target.connect(), { streams: [FULL_TABLE], state: foreign, clock });
    const states = (): number => target.messages.filter(({ type }) => type === 'STATE').length;
    const loader = fullTable();
    await loader.begin(tap, 1);
    const lane = await loader.open(tap, 1);
    await lane.put([item('a')], behind('a'));
    expect(states()).toBe(2);
    await lane.put([item('b')], behind('b'));
    expect(states()).toBe(2);
    nowMs += 10_000;
    await lane.put([item('c')], behind('c'));
    expect(states()).toBe(3);
    await lane.put([item('d')], behind('d'));
    expect(states()).toBe(3);
    await tap.close();
    expect(states()).toBe(4);
    expect(target.state).toMatchObject({ bookmarks: { other: { text: expect.any(String) } } });
    expect(bookmarkIn(target.state)).toMatchObject({ last_evaluated_key: { id: { S: 'd' } } });
  });
});

describe('rows that could not be written', () => {
  test('are in no STATE, also not in the last', async () => {
    const target = ordersTarget();
    let left = 1;
    const failing = target.connect({
      beforeWrite: (lines) => {
        if (lines.includes('"RECORD"') && left-- === 0) throw new Error('planted');
      },
    });
    const tap = tapInto(failing, { streams: [FULL_TABLE] });
    const loader = fullTable();
    await loader.begin(tap, 1);
    const lane = await loader.open(tap, 1);
    await lane.put([item('a')], behind('a'));
    await expect(lane.put([item('b')], behind('b'))).rejects.toThrow('planted');
    await tap.close();
    expect(bookmarkIn(target.state)).toMatchObject({ last_evaluated_key: { id: { S: 'a' } } });
  });

  test('of a lane that has lost its units are not written at all', async () => {
    const target = ordersTarget();
    const tap = tapInto(target.connect(), { streams: [FULL_TABLE] });
    const loader = fullTable();
    await loader.begin(tap, 1);
    const lane = await loader.open(tap, 1);
    await loader.open(tap, 1);
    await expect(lane.put([item('a')], behind('a'))).rejects.toMatchObject({ code: 'FENCED' });
    expect(target.messages).toEqual([]);
  });
});

describe('items with an attribute of the name of one of ours', () => {
  const deletedOn = (id: string, day: number) => ({ ...item(id), _sdc_deleted_at: { N: String(day) } });

  async function follow(target: OrderedTarget, options: Parameters<typeof tapInto>[1]): Promise<void> {
    const tap = tapInto(target.connect(), options);
    const loader = followed();
    await loader.begin(tap, 1, { placement: 'live' });
    const lane = await loader.open(tap, 1);
    await lane.put([item('a'), deletedOn('b', 5)], 'end');
    const [shard] = loader.shards;
    await lane.apply([upsert(deletedOn('c', 6), baseOf(1) + 1n), change('d', 2)], 'after 2', shard);
    await lane.apply([remove(item('c'), baseOf(1) + 3n)], 'after 3', shard);
    await endRun(tap);
  }
  const linesOf = (lines: string): readonly string[] => lines.split('\n').filter((line) => line.includes('"id"'));
  const DELETED = '2030-01-01T12:00:00.000000Z';

  test('keep it while they are there, once in each RECORD, which is warned of once', async () => {
    const target = ordersTarget();
    const output = target.connect();
    const written: string[] = [];
    const warned: string[] = [];
    const spied = {
      ...output,
      write: async (lines: Buffer) => {
        written.push(...linesOf(lines.toString()).filter((line) => line.includes('"RECORD"')));
        await output.write(lines);
      },
    };
    const log = createLogger({ location: 'main', level: 'WARNING', now: () => 0, write: (line) => warned.push(line) });
    await follow({ ...target, connect: () => spied }, { log });
    expect(written.map((line) => /"record":(.*)\}$/.exec(line)?.[1])).toEqual([
      '{"id":"a","_sdc_deleted_at":null}',
      '{"id":"b","_sdc_deleted_at":5}',
      '{"id":"c","_sdc_deleted_at":6}',
      '{"id":"d","n":2,"_sdc_deleted_at":null}',
      `{"id":"c","_sdc_deleted_at":"${DELETED}"}`,
    ]);
    expect(warned).toEqual([expect.stringMatching(/orders: items have an attribute _sdc_deleted_at: .* projection/)]);
  });

  test('have a text there where schemas are inferred', async () => {
    const target = ordersTarget();
    await follow(target, { inferSchema: true });
    const [schema] = target.messages;
    expect(schema?.schema?.['properties']).toMatchObject({ _sdc_deleted_at: { type: ['null', 'string'] } });
    expect(JSON.stringify(schema)).not.toContain('date-time');
    const values = [...(target.rows.get('orders') ?? [])].map(([id, { record }]) => [id, record['_sdc_deleted_at']]);
    expect(values.toSorted()).toEqual([
      ...[
        ['a', null],
        ['b', '5'],
      ],
      ...[
        ['c', DELETED],
        ['d', null],
      ],
    ]);
  });

  test('do not get into the version that lines of a BATCH have, which is warned of', async () => {
    const target = ordersTarget();
    const files: string[] = [];
    const warned: string[] = [];
    const batches = {
      write: async (_: string, lines: Buffer) => {
        files.push(lines.toString());
        return 'file:///batch';
      },
    };
    const log = createLogger({ location: 'main', level: 'WARNING', now: () => 0, write: (line) => warned.push(line) });
    const tap = tapInto(target.connect(), { streams: [FULL_TABLE], batches, log });
    const loader = fullTable();
    await loader.replace(tap, 1, [{ ...item('a'), _sdc_table_version: { N: '1' } }]);
    await endRun(tap);
    const version = target.messages.find(({ type }) => type === 'ACTIVATE_VERSION')?.version;
    expect(JSON.parse(files.join(''))).toEqual({ id: 'a', _sdc_table_version: version });
    expect(warned).toEqual([expect.stringContaining('orders: items have an attribute _sdc_table_version: ')]);
  });
});

describe('inferred schemas', () => {
  const schemas = ({ messages }: OrderedTarget): readonly SingerMessage[] =>
    messages.filter(({ type }) => type === 'SCHEMA');
  const wide = { ...item('w'), n: { N: '123456789012345678901234567890' } };

  test('come again before rows that need another, and activate the version first while it is followed', async () => {
    const target = ordersTarget();
    const tap = tapInto(target.connect(), { inferSchema: true });
    const loader = followed();
    await loader.begin(tap, 1, { placement: 'live' });
    const lane = await loader.open(tap, 1);
    await lane.put([{ ...item('a'), n: { N: '1' } }], 'end');
    await lane.apply([change('a', 1)], 'after 1', loader.shards[0]);
    await lane.apply([upsert(wide, baseOf(1) + 2n)], 'after 2', loader.shards[0]);
    await tap.close();
    expect(transcript(target).filter((message) => message !== 'STATE')).toEqual([
      ...['SCHEMA', 'ACTIVATE v1', 'RECORD a v1', 'ACTIVATE v1', 'ACTIVATE v1', 'RECORD a v1'],
      ...['ACTIVATE v1', 'SCHEMA', 'RECORD w v1'],
    ]);
    expect(schemas(target).map(({ schema }) => schema?.['properties'])).toMatchObject([
      { id: { type: ['string'] }, n: { type: ['null', 'number'] } },
      { n: { type: ['null', 'string'], format: 'singer.decimal' } },
    ]);
    expect(target.rows.get('orders')?.get('w')?.record['n']).toBe('123456789012345678901234567890');
  });

  test('never become narrower in a later run', async () => {
    const target = ordersTarget();
    const first = tapInto(target.connect(), { streams: [FULL_TABLE], inferSchema: true });
    await fullTable().replace(first, 1, [wide]);
    await endRun(first);
    const second = tapInto(target.connect(), { streams: [FULL_TABLE], inferSchema: true, state: target.state });
    await second.resume('orders', NEVER);
    const loader = fullTable();
    await loader.adopt(second);
    await loader.replace(second, 2, [{ ...item('a'), n: { N: '1' } }]);
    const [before, after] = schemas(target);
    expect(after?.schema).toEqual(before?.schema);
    expect(target.rows.get('orders')?.get('a')?.record['n']).toBe('1');
  });
});

describe('batches', () => {
  test('hold the rows of a commit with the version that they are of', async () => {
    const target = ordersTarget();
    const files: string[] = [];
    const batches = {
      write: async (stream: string, lines: Buffer) => {
        files.push(lines.toString());
        return `file:///${stream}-${files.length}`;
      },
    };
    const tap = tapInto(target.connect(), { batches });
    const loader = followed();
    await loader.begin(tap, 1, { placement: 'live' });
    const lane = await loader.open(tap, 1);
    await lane.write([item('a')]);
    await lane.put([item('b')], 'end');
    await lane.apply([remove(item('b'), baseOf(1) + 2n)], 'after 2', loader.shards[0]);
    await tap.close();
    const version = target.messages.find(({ type }) => type === 'ACTIVATE_VERSION')?.version;
    expect(transcript(target)).toEqual([
      ...['SCHEMA', 'ACTIVATE v1', 'STATE', 'BATCH', 'ACTIVATE v1', 'STATE'],
      ...['ACTIVATE v1', 'BATCH', 'STATE'],
    ]);
    const rows = files.map((file) =>
      file
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    );
    const of = { _sdc_table_version: version, _sdc_deleted_at: null };
    expect(rows).toEqual([
      [
        { id: 'a', ...of },
        { id: 'b', ...of },
      ],
      [{ id: 'b', ...of, _sdc_deleted_at: '2030-01-01T12:00:00.000000Z' }],
    ]);
    expect(target.messages.flatMap(({ manifest }) => manifest ?? [])).toEqual(['file:///orders-1', 'file:///orders-2']);
  });
});
