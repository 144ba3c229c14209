import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLiveRows } from '../../../test/support/duckdb-live-rows.ts';
import { above } from '../../../test/support/followed-table.ts';
import { order } from '../../../test/support/load-samples.ts';
import { remove, STREAM, shards, upsert } from '../../../test/support/stream-samples.ts';
import { type TableLoader, tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { Destination } from '../destination.ts';
import { createDuckDbFile, type DuckDbFile } from './connection.ts';
import { createDuckDbDestination } from './duckdb.ts';
import { createGroupCommit } from './group-commit.ts';
import { openLoad } from './load.ts';

let folder: string;
let path: string;
/** How often the file was opened for writing. */
let openings: number;
/** Held back until it is resolved: commits that come meanwhile wait for the file. */
let gate: Promise<void>;
let open: () => void;
/** Called when a group of commits has begun. */
let onTaken: () => void;
/** Makes the next commits wait until `open` is called. */
function shut(): void {
  gate = new Promise((resolve) => {
    open = resolve;
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-group-'));
  path = join(folder, 'warehouse.duckdb');
  openings = 0;
  gate = Promise.resolve();
  onTaken = () => {};
});
afterEach(() => rm(folder, { recursive: true }));

/** A destination whose commits count how often they open the file. */
function connect(): Destination {
  const file = createDuckDbFile({ path, lockWaitMs: 0, clock: systemClock, logger: silentLogger });
  const counted: DuckDbFile = {
    ...file,
    async write(use, signal) {
      openings += 1;
      await gate;
      return file.write((connection) => {
        const running = use(connection);
        onTaken();
        return running;
      }, signal);
    },
  };
  const groupCommit = createGroupCommit(counted);
  return {
    ...createDuckDbDestination({ path, publish: null, lockWaitMs: 0 }, { clock: systemClock }),
    open: (lane, { signal }) => openLoad({ file, groupCommit, onLiveCommit: () => {} }, lane, signal),
  };
}

async function followed(destination: Destination, table: string, stream = STREAM) {
  const loader = tableLoader({ table, stream, shards: shards(2), totalSegments: 1 });
  await loader.begin(destination, 1, { placement: 'live' });
  return { loader, lane: await loader.open(destination, 1) };
}

async function rowsOf({ target }: TableLoader): Promise<readonly (string | null | undefined)[]> {
  return ((await readLiveRows(path, target)) ?? []).map(({ cells }) => cells.get('id')).sort();
}

describe('commits that wait for the file', () => {
  it('are done together, of several tables and several lanes of one, each with its own receipt', async () => {
    const destination = connect();
    const [orders, events] = [await followed(destination, 'orders'), await followed(destination, 'events')];
    const full = tableLoader({ table: 'full', totalSegments: 1 });
    await full.begin(destination, 1);
    const fullLane = await full.open(destination, 1);
    const [one, two] = [
      await orders.loader.open(destination, 1, orders.loader.shards.slice(0, 1)),
      await orders.loader.open(destination, 1, orders.loader.shards.slice(1)),
    ];
    await one.change([upsert(order(1), above(1)), upsert(order(2), above(2)), upsert(order(1), above(3))]);
    await two.change([upsert(order(1), above(2)), remove({ id: { S: 'k3' } }, above(4))]);
    await events.lane.write([order(7)]);
    await fullLane.write([order(8), order(8)]);
    shut();
    const receipts = Promise.all([
      one.commit('after 3'),
      events.lane.commit('end'),
      two.commit('after 4'),
      fullLane.commit('end'),
    ]);
    open();
    const nothing = { upsertedRows: 0, deletedRows: 0, compactedRows: 0, supersededRows: 0, rejectedRows: 0 };
    expect(await receipts).toEqual([
      { ...nothing, receipt: 'durable', upsertedRows: 2, compactedRows: 1 },
      { ...nothing, receipt: 'durable', upsertedRows: 1 },
      { ...nothing, receipt: 'durable', deletedRows: 1, compactedRows: 1 },
      { ...nothing, receipt: 'durable', upsertedRows: 2 },
    ]);
    expect(openings).toBe(1);
    expect(await rowsOf(orders.loader)).toEqual(['k1', 'k2', 'k3']);
    expect(await rowsOf(events.loader)).toEqual(['k7']);
    expect(await full.finish(destination, 1)).toMatchObject({ rowCount: 2 });
  });

  it('of several lanes of one table count what lost against the table for the lane that brought it', async () => {
    const destination = connect();
    const { loader, lane } = await followed(destination, 'orders');
    await lane.apply([upsert(order(1), above(9)), upsert(order(2), above(1))], 'after 9', loader.shards[0]);
    const [one, two] = [
      await loader.open(destination, 1, loader.shards.slice(0, 1)),
      await loader.open(destination, 1, loader.shards.slice(1)),
    ];
    await one.change([upsert(order(1), above(3))]);
    await two.change([upsert(order(2), above(2)), upsert(order(3), above(3))]);
    shut();
    const receipts = Promise.all([one.commit('after 10'), two.commit('after 3')]);
    open();
    expect(await receipts).toMatchObject([
      { upsertedRows: 0, supersededRows: 1 },
      { upsertedRows: 2, supersededRows: 0 },
    ]);
    expect(openings).toBe(2);
  });

  it('bring their columns before the rows of any of them', async () => {
    const destination = connect();
    const { loader, lane } = await followed(destination, 'orders');
    await lane.apply([upsert({ ...order(1), v: { N: '1' } }, above(1))], 'after 1', loader.shards[0]);
    const [one, two] = [
      await loader.open(destination, 1, loader.shards.slice(0, 1)),
      await loader.open(destination, 1, loader.shards.slice(1)),
    ];
    shut();
    await one.change([upsert({ ...order(2), v: { N: '0.5' } }, above(2))]);
    const first = one.commit('after 2');
    await two.change([upsert({ ...order(3), v: { S: 'text' }, more: { BOOL: true } }, above(3))]);
    const second = two.commit('after 3');
    open();
    await Promise.all([first, second]);
    expect(openings).toBe(2);
    const rows = (await readLiveRows(path, loader.target)) ?? [];
    const values = rows.map(({ cells }) => [cells.get('id'), cells.get('v'), cells.get('more')]).sort();
    expect(values).toEqual([
      ['k1', '1', null],
      ['k2', '0.5', null],
      ['k3', 'text', 'true'],
    ]);
  });

  it('are repeated alone when one of them is fenced, which is the only one to hear of it', async () => {
    const destination = connect();
    const [orders, events] = [await followed(destination, 'orders'), await followed(destination, 'events')];
    await orders.lane.write([order(1)]);
    await events.lane.write([order(2)]);
    await tableLoader({ table: 'events', stream: STREAM }).open(connect(), 1, events.loader.units);
    shut();
    const outcomes = Promise.allSettled([events.lane.commit('end'), orders.lane.commit('end')]);
    open();
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'FENCED' } },
      { status: 'fulfilled', value: { upsertedRows: 1 } },
    ]);
    expect(await rowsOf(orders.loader)).toEqual(['k1']);
    expect(await rowsOf(events.loader)).toEqual([]);
  });

  it('go on without one that is aborted, before its turn and during it', async () => {
    const destination = connect();
    const [orders, events] = [await followed(destination, 'orders'), await followed(destination, 'events')];
    const stop = new AbortController();
    const commitOf = async ({ loader, lane }: typeof orders, signal: AbortSignal) => {
      const { schema, plan } = loader.schema() ?? {};
      if (schema === undefined || plan === undefined) throw new Error('The table was not begun');
      const [unit] = lane.load.units.values();
      if (unit === undefined) throw new Error('The lane has no unit');
      const moves = [{ unit: unit.unit, epoch: unit.epoch, from: unit.position, to: 'end', shard: null }] as const;
      return lane.load.commit({ moves, opened: [], pruned: [], schema, plan, nowMs: 1 }, { signal });
    };
    await orders.lane.write([order(1)]);
    await events.lane.write([order(2)]);
    shut();
    const going = orders.lane.commit('end');
    const leaving = commitOf(events, stop.signal);
    stop.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'CANCELLED' });
    open();
    expect(await going).toMatchObject({ upsertedRows: 1 });
    expect(await rowsOf(events.loader)).toEqual([]);

    const [other, late] = [await followed(destination, 'other'), new AbortController()];
    await other.lane.write([order(3)]);
    await events.lane.write([order(4)]);
    shut();
    const both = Promise.allSettled([other.lane.commit('end'), commitOf(events, late.signal)]);
    onTaken = () => late.abort();
    open();
    expect(await both).toMatchObject([
      { status: 'fulfilled', value: { upsertedRows: 1 } },
      { status: 'rejected', reason: { code: 'CANCELLED' } },
    ]);
    expect(await rowsOf(events.loader)).toEqual([]);
  });

  it('all hear why the file cannot be opened', async () => {
    const destination = connect();
    const [orders, events] = [await followed(destination, 'orders'), await followed(destination, 'events')];
    await writeFile(path, 'name,total\n'.repeat(2000));
    shut();
    const outcomes = Promise.allSettled([orders.lane.commit('end'), events.lane.commit('end')]);
    open();
    const failed = { status: 'rejected', reason: { code: 'DESTINATION_INVALID' } };
    expect(await outcomes).toMatchObject([failed, failed]);
    expect(openings).toBe(1);
  });
});
