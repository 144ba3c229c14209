import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withDuckDb } from '../../../test/support/duckdb-live-rows.ts';
import type { DynamoItem } from '../../../test/support/dynamo-item.ts';
import { above } from '../../../test/support/followed-table.ts';
import { STREAM, shards, upsert } from '../../../test/support/stream-samples.ts';
import { tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { Destination } from '../destination.ts';
import { createDuckDbFile, type DuckDbFile } from './connection.ts';
import { createDuckDbDestination } from './duckdb.ts';
import { createGroupCommit } from './group-commit.ts';
import { openLoad } from './load.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-rewrite-'));
  path = join(folder, 'warehouse.duckdb');
});
afterEach(() => rm(folder, { recursive: true }));

const SHARDS = shards(2);
const newLoader = () => tableLoader({ stream: STREAM, shards: SHARDS, totalSegments: 1 });
const row = (n: number, v: DynamoItem[string]): DynamoItem => ({ id: { S: `k${n}` }, ...(v && { v }) });

/** A destination whose commits fail at the first statement that matches, as if the process had died there. */
function connect(deadly = /^$/): Destination {
  const file = createDuckDbFile({ path, lockWaitMs: 0, clock: systemClock, logger: silentLogger });
  const dying: DuckDbFile = {
    ...file,
    write: (use, signal) => file.write((connection) => use(mortal(connection, deadly)), signal),
  };
  const groupCommit = createGroupCommit(dying);
  return {
    ...createDuckDbDestination({ path, publish: null, lockWaitMs: 0 }, { clock: systemClock }),
    open: (lane, { signal }) => openLoad({ file, groupCommit, onLiveCommit: () => {} }, lane, signal),
  };
}

function mortal(connection: DuckDBConnection, deadly: RegExp): DuckDBConnection {
  return new Proxy(connection, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]) => {
        if (name === 'run' && deadly.test(String(values[0]))) throw new Error('planted');
        return member.apply(target, values);
      };
    },
  });
}

/** What readers find: the type of the column, its values also through a view, and tables that are none of theirs. */
async function readersSee() {
  return withDuckDb(path, async (query) => {
    const [type] = await query(
      `SELECT data_type FROM duckdb_columns() WHERE table_name = 'orders' AND column_name = 'v'`,
    );
    const values = await query('SELECT id, v::VARCHAR FROM totals ORDER BY id');
    const others = await query(
      `SELECT table_name FROM duckdb_tables() WHERE schema_name = 'shop' AND table_name <> 'orders'`,
    );
    return { type: type?.[0], values, others: others.flat() };
  });
}

/** A live table with one decimal and a view of somebody on it. */
async function loadDecimal() {
  const loader = newLoader();
  await loader.begin(connect(), 1, { placement: 'live' });
  const lane = await loader.open(connect(), 1, SHARDS.slice(0, 1));
  await lane.apply([upsert(row(1, { N: '0.50' }), above(1))], 'after 1');
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run('CREATE VIEW totals AS SELECT id, v FROM shop.orders');
  connection.closeSync();
  instance.closeSync();
  return loader;
}

const decimal = { type: 'DECIMAL(38,2)', values: [['k1', '0.50']], others: [] };
const text = {
  type: 'VARCHAR',
  values: [
    ['k1', '0.5'],
    ['k2', 'text'],
  ],
  others: [],
};

it('widens the live table under its views, in one commit with other lanes', async () => {
  const loader = await loadDecimal();
  const destination = connect();
  const [one, two] = [
    await loader.open(destination, 1, SHARDS.slice(0, 1)),
    await loader.open(destination, 1, SHARDS.slice(1)),
  ];
  await one.change([upsert(row(2, { S: 'text' }), above(2))]);
  await two.change([upsert({ ...row(3, { N: '7' }), more: { BOOL: true } }, above(1))]);
  await Promise.all([one.commit('after 2'), two.commit('after 1')]);
  expect(await readersSee()).toEqual({ ...text, values: [...text.values, ['k3', '7']] });
});

it.each([
  ['while the rows are copied', /^INSERT INTO .*_tributary_rewrite_/, decimal],
  [
    'before the copy takes the name',
    /^ALTER TABLE .* RENAME TO/,
    { ...decimal, others: ['_tributary_rewrite_orders'] },
  ],
  ['before the rows of the commit', /^CREATE TEMP TABLE _tributary_staged/, { ...text, values: [['k1', '0.5']] }],
  ['before the bookmarks', /^CREATE TEMP TABLE _tributary_moves/, { ...text, values: [['k1', '0.5']] }],
] as const)('leaves a whole table when the process dies %s, and the next one goes on', async (_, deadly, left) => {
  const loader = await loadDecimal();
  const dying = await loader.open(connect(deadly), 1, SHARDS.slice(0, 1));
  await expect(dying.apply([upsert(row(2, { S: 'text' }), above(2))], 'after 2')).rejects.toThrow('planted');
  expect(await readersSee()).toEqual(left);

  const next = newLoader();
  const lane = await next.open(connect(), 1, SHARDS.slice(0, 1));
  expect(lane.load.units.get(SHARDS[0] ?? 'shard:none')?.position).toBe('after 1');
  await lane.apply([upsert(row(2, { S: 'text' }), above(2))], 'after 2');
  expect(await readersSee()).toEqual(text);
  expect(await connect().runStore.readSchema('shop', 'orders')).toEqual(next.schema()?.schema);
  expect(await connect().runStore.readTables('shop')).toMatchObject([{ liveRowCount: 2, loading: { rowCount: 2 } }]);
});

it('forgets a copy that was left behind when another version is begun', async () => {
  const loader = await loadDecimal();
  const dying = await loader.open(connect(/^ALTER TABLE .* RENAME TO/), 1, SHARDS.slice(0, 1));
  await expect(dying.apply([upsert(row(2, { S: 'text' }), above(2))], 'after 2')).rejects.toThrow('planted');
  await connect().runStore.requestReset('shop', 'orders');
  expect(await readersSee()).toEqual(decimal);
});

it('is not done for a lane that has lost its units', async () => {
  const loader = await loadDecimal();
  const zombie = await loader.open(connect(), 1, SHARDS.slice(0, 1));
  await newLoader().open(connect(), 1, SHARDS.slice(0, 1));
  const before = await connect().runStore.readSchema('shop', 'orders');
  await expect(zombie.apply([upsert(row(2, { S: 'text' }), above(2))], 'after 2')).rejects.toMatchObject({
    code: 'FENCED',
  });
  expect(await readersSee()).toEqual(decimal);
  expect(await connect().runStore.readSchema('shop', 'orders')).toEqual(before);
});
