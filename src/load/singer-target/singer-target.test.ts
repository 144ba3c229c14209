import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { above } from '../../../test/support/followed-table.ts';
import { order } from '../../../test/support/load-samples.ts';
import { openStandIn, type StandIn } from '../../../test/support/stand-in.ts';
import { remove, STREAM, upsert } from '../../../test/support/stream-samples.ts';
import { behind, type LaneLoader, tableLoader } from '../../../test/support/table-loader.ts';
import type { Destination } from '../destination.ts';

const TABLE = { totalSegments: 1 } as const;

/** A table of one segment that is begun, and its lane. */
async function begun(destination: Destination, table = 'orders') {
  const loader = tableLoader({ ...TABLE, table });
  await loader.begin(destination, 1);
  return { loader, lane: await loader.open(destination, 1) };
}

async function positionOf(destination: Destination, table = 'orders'): Promise<string | undefined> {
  return (await destination.runStore.readUnits('shop', table))[0]?.position;
}

/** Resolves when so many commits of the lane are durable. */
function durable({ load }: LaneLoader, wanted: number): Promise<void> {
  return new Promise((resolve) => {
    load.acceptance?.onDurable((commits) => {
      if (commits >= wanted) resolve();
    });
  });
}

function starts(standIn: StandIn): number {
  return standIn.logged(/started$/).length;
}

const neverAborted = { signal: new AbortController().signal };
const failed = { code: 'TARGET_FAILED' };

describe('the bookmarks of a table that a Singer target loads', () => {
  it('move when it confirms, without a settling', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect();
    const { lane } = await begun(destination);
    const isDurable = durable(lane, 2);
    expect(await lane.send([order(1)], behind(1))).toMatchObject({ receipt: 'accepted', upsertedRows: 1 });
    await lane.send([order(2), order(3)], behind(3));
    await isDurable;
    expect(await positionOf(destination)).toBe(behind(3));
    await destination.close();
    expect(await standIn.loadedIds()).toEqual(['k1', 'k2', 'k3']);
    expect(starts(standIn)).toBe(1);
  });

  it('stay where they are until a target that confirms at its end has ended, and it is started again', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'eof']);
    const { lane } = await begun(destination);
    await lane.send([order(1)], behind(1));
    expect(await positionOf(destination)).toBe('start');
    await lane.load.acceptance?.settle();
    expect(await positionOf(destination)).toBe(behind(1));
    await lane.send([order(2)], behind(2));
    await lane.load.acceptance?.settle();
    expect(await positionOf(destination)).toBe(behind(2));
    expect(starts(standIn)).toBe(2);
  });

  it('move in time though nobody settles', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'eof'], { settleEvery: 100 });
    const { lane } = await begun(destination);
    const isDurable = durable(lane, 1);
    await lane.send([order(1)], behind(1));
    await isDurable;
    expect(await positionOf(destination)).toBe(behind(1));
  });

  it('do not move by the first state that a target sees, nor by what it confirms of other tables', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'stream', '--exit-after', '3', '--exit', '7']);
    const [orders, events] = [await begun(destination), await begun(destination, 'events')];
    const isDurable = durable(events.lane, 1);
    await orders.lane.send([order(1)], behind(1));
    await events.lane.send([order(2)], behind(2));
    await isDurable;
    await expect(
      events.lane.send([order(3)], behind(3)).then(() => events.lane.load.acceptance?.settle()),
    ).rejects.toMatchObject(failed);
    await expect(orders.lane.load.acceptance?.settle()).rejects.toMatchObject(failed);
    expect([await positionOf(destination), await positionOf(destination, 'events')]).toEqual(['start', behind(2)]);
    expect(await standIn.loadedIds()).toEqual(['k2']);
  });

  it('follow an old state only as far as it goes', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'old', '--exit-after', '3']);
    const { lane } = await begun(destination);
    const isDurable = durable(lane, 1);
    await lane.send([order(1)], behind(1));
    await lane.send([order(2)], behind(2));
    await isDurable;
    await expect(lane.send([order(3)], behind(3)).then(() => lane.load.acceptance?.settle())).rejects.toMatchObject(
      failed,
    );
    expect(await positionOf(destination)).toBe(behind(1));
  });

  it('do not move when it never confirms, which is said', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'never']);
    const { loader, lane } = await begun(destination);
    await lane.send([order(1)], behind(1));
    await expect(lane.load.acceptance?.settle()).rejects.toMatchObject({
      ...failed,
      message: expect.stringMatching(/segment:0\/1 of shop\.orders is not durable: .* has ended without confirming/),
    });
    expect(await positionOf(destination)).toBe('start');
    await expect(lane.send([order(2)], behind(2))).rejects.toMatchObject(failed);
    expect((await loader.open(destination, 1)).load.units.get('segment:0/1')?.position).toBe('start');
  });

  it('do not move when it confirms what it was not given', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--boast']);
    const { lane } = await begun(destination);
    await expect(lane.send([order(1)], behind(1)).then(() => lane.load.acceptance?.settle())).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('has confirmed what it was not given'),
    });
    expect(await positionOf(destination)).toBe('start');
  });

  it('do not move by what is no state, or that of another run; lines for people go to the log', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--noise', '--echo', 'never']);
    const { lane } = await begun(destination);
    await lane.send([order(1)], behind(1));
    await expect(lane.load.acceptance?.settle()).rejects.toMatchObject(failed);
    expect(await positionOf(destination)).toBe('start');
    expect(standIn.logged(/target - INFO node: loaded 7 rows$/).length).toBeGreaterThan(0);
    expect(standIn.logged(/target - DEBUG .* not of this process/).length).toBeGreaterThan(0);
  });

  it('stay where it has confirmed them when it ends too early, and what it had is read again', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--exit-after', '2', '--exit', '3']);
    const { loader, lane } = await begun(destination);
    const isDurable = durable(lane, 1);
    await lane.send([order(1)], behind(1));
    await isDurable;
    await expect(lane.send([order(2)], behind(2)).then(() => lane.load.acceptance?.settle())).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('has ended with exit code 3'),
    });
    expect(await positionOf(destination)).toBe(behind(1));
    await destination.close();
    const again = standIn.connect();
    const next = await loader.open(again, 1);
    await next.put([order(2)], 'end');
    await loader.finish(again, 1);
    expect(await standIn.loadedIds()).toEqual(['k1', 'k2']);
  });

  it('stay where it has confirmed them when it fails in the end, and the run fails', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--exit', '1']);
    const { lane } = await begun(destination);
    const isDurable = durable(lane, 1);
    await lane.send([order(1)], behind(1));
    await isDurable;
    await expect(destination.close()).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('has ended with exit code 1'),
    });
    expect(await positionOf(standIn.connect())).toBe(behind(1));
  });

  it('move with a commit without rows only behind the rows before it', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'eof']);
    const { lane } = await begun(destination);
    expect(await lane.sendCommit(behind(0))).toMatchObject({ receipt: 'durable' });
    await lane.send([order(1)], behind(1));
    expect(await lane.sendCommit('end')).toMatchObject({ receipt: 'accepted', upsertedRows: 0 });
    expect(await positionOf(destination)).toBe(behind(0));
    await lane.load.acceptance?.settle();
    expect(await positionOf(destination)).toBe('end');
  });
});

describe('bookmarks that cannot be written', () => {
  it('fail the run though the target has confirmed the rows, which are read again', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect();
    const { loader, lane } = await begun(destination);
    const path = join(standIn.stateFolder, 'tables', 'shop', 'orders.json');
    await rename(path, `${path}.kept`);
    await mkdir(path);
    await expect(lane.send([order(1)], behind(1)).then(() => lane.load.acceptance?.settle())).rejects.toMatchObject({
      code: 'DESTINATION_INVALID',
    });
    await expect(lane.send([order(2)], behind(2))).rejects.toMatchObject({ code: 'DESTINATION_INVALID' });
    await rmdir(path);
    await rename(`${path}.kept`, path);
    const next = await loader.open(destination, 1);
    expect(next.load.units.get('segment:0/1')?.position).toBe('start');
    await next.put([order(1), order(2)], 'end');
    expect(await standIn.loadedIds()).toEqual(['k1', 'k1', 'k2']);
  });
});

describe('a Singer target that hangs', () => {
  it('is stopped when it takes nothing of its input', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--hang-after', '1'], { echoTimeout: 1000 });
    const { lane } = await begun(destination);
    const many = Array.from({ length: 300 }, (_, n) => ({ ...order(n), text: { S: 'x'.repeat(20_000) } }));
    await expect(lane.send(many, behind(1))).rejects.toMatchObject({ code: 'TARGET_HUNG' });
    await expect(lane.load.acceptance?.settle()).resolves.toBeUndefined();
    expect(await positionOf(destination)).toBe('start');
    expect(await standIn.loadedIds()).toEqual([]);
  });

  it('is stopped when it does not end; what it has confirmed stays confirmed', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'old', '--linger'], { exitTimeout: 1000 });
    const { lane } = await begun(destination);
    const isDurable = durable(lane, 1);
    await lane.send([order(1)], behind(1));
    await lane.send([order(2)], behind(2));
    await isDurable;
    await expect(lane.load.acceptance?.settle()).rejects.toMatchObject({ code: 'TARGET_HUNG' });
    // Its last state came with the end of its input.
    expect(await positionOf(destination)).toBe(behind(2));
    expect(await standIn.loadedIds()).toEqual(['k1', 'k2']);
  });
});

describe('what a Singer target is given', () => {
  it('is one process for all tables, with all rows, its schema first', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect();
    const [orders, events] = [await begun(destination), await begun(destination, 'events')];
    await Promise.all([orders.lane.send([order(1)], behind(1)), events.lane.send([order(2)], behind(2))]);
    await Promise.all([orders.lane.send([order(3)], behind(3)), events.lane.send([order(4)], behind(4))]);
    await destination.close();
    const messages = await standIn.loaded();
    const short = (stream: string) =>
      messages.filter((message) => message.stream === stream).map(({ type, record }) => [type, record?.['id']]);
    expect(short('shop-orders')).toEqual([
      ['SCHEMA', undefined],
      ['RECORD', 'k1'],
      ['RECORD', 'k3'],
    ]);
    expect(short('shop-events')).toEqual([
      ['SCHEMA', undefined],
      ['RECORD', 'k2'],
      ['RECORD', 'k4'],
    ]);
    expect(messages[0]).toMatchObject({
      key_properties: ['id'],
      schema: { properties: { total: { type: ['null', 'number'] } } },
    });
    expect(starts(standIn)).toBe(1);
  });

  it('is another schema only when it has loaded everything under the one before', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'eof']);
    const { lane } = await begun(destination);
    await lane.send([order(1)], behind(1));
    await lane.send([{ ...order(2), more: { BOOL: true } }], behind(2));
    expect(await positionOf(destination)).toBe(behind(1));
    await destination.close();
    expect(starts(standIn)).toBe(2);
    expect((await standIn.loaded()).map(({ type }) => type)).toEqual(['SCHEMA', 'RECORD', 'SCHEMA', 'RECORD']);
  });

  it('is only that a row is an object where nothing is to be inferred', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect([], { inferSchema: false });
    const { lane } = await begun(destination);
    await lane.put([{ ...order(1), wide: { N: '12345678901234567890.5' } }], 'end');
    const [schema] = await standIn.loaded();
    expect(schema).toMatchObject({ type: 'SCHEMA', schema: { type: 'object' }, key_properties: ['id'] });
    expect(schema?.schema).toEqual({ type: 'object' });
  });

  it('is a row with the time of its delete, and null where it is alive', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect();
    const loader = tableLoader({ ...TABLE, stream: STREAM, shards: ['shard:a'] });
    await loader.begin(destination, 1, { placement: 'live' });
    const lane = await loader.open(destination, 1);
    await lane.put([order(1)], 'end');
    const changes = [
      upsert(order(2), above(1)),
      remove({ id: { S: 'k1' } }, above(2), { createdAtMs: 1_700_000_001_000 }),
    ];
    expect(await lane.apply(changes, 'after 2', 'shard:a')).toMatchObject({ upsertedRows: 1, deletedRows: 1 });
    await destination.close();
    const rows = (await standIn.loaded()).flatMap(({ record }) => (record === undefined ? [] : [record]));
    expect(rows.map((row) => [row['id'], row['_sdc_deleted_at']])).toEqual([
      ['k1', null],
      ['k2', null],
      ['k1', '2023-11-14T22:13:21.000000Z'],
    ]);
  });

  it('is a row with its own attribute _sdc_deleted_at while it is alive, which is warned of once', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect();
    const loader = tableLoader({ ...TABLE, stream: STREAM, shards: ['shard:a'] });
    await loader.begin(destination, 1, { placement: 'live' });
    const lane = await loader.open(destination, 1);
    const own = { _sdc_deleted_at: { S: 'never' } };
    await lane.put([{ ...order(1), ...own }, order(2)], 'end');
    const changes = [upsert({ ...order(3), ...own }, above(1)), remove({ id: { S: 'k1' } }, above(2))];
    await lane.apply(changes, 'after 2', 'shard:a');
    await destination.close();
    const rows = (await standIn.loaded()).flatMap(({ record }) => (record === undefined ? [] : [record]));
    expect(rows.map((row) => [row['id'], row['_sdc_deleted_at']])).toEqual([
      ['k1', 'never'],
      ['k2', null],
      ['k3', 'never'],
      ['k1', '2030-01-01T12:00:00.000000Z'],
    ]);
    expect(standIn.logged(/WARNING shop-orders: items have an attribute _sdc_deleted_at: /)).toHaveLength(1);
  });

  it('is a version only where it honours ACTIVATE_VERSION', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect();
    const loader = tableLoader(TABLE);
    await loader.replace(destination, 1, [order(1), order(2)]);
    await loader.replace(destination, 2, [order(1)]);
    await destination.close();
    const messages = await standIn.loaded();
    expect(messages.some(({ type, version }) => type === 'ACTIVATE_VERSION' || version !== undefined)).toBe(false);
    expect(standIn.logged(/WARNING .*orders: .* deleted .* stay at the target/)).toHaveLength(1);
  });

  it('is no cause for alarm where a reading has as many rows as the one before', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect();
    const loader = tableLoader(TABLE);
    await loader.replace(destination, 1, [order(1), order(2)]);
    await loader.replace(destination, 2, [order(1), order(2)]);
    expect(standIn.logged(/WARNING/)).toEqual([]);
    expect(standIn.logged(/INFO .*orders: rows of items .* deleted .* stay at the target/)).toHaveLength(1);
  });

  it('is a new version of each reading, activated when all of it is there', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect([], { activateVersion: true });
    const loader = tableLoader(TABLE);
    await loader.replace(destination, 1, [order(1), order(2)]);
    await loader.replace(destination, 2, [order(1)]);
    expect((await destination.runStore.readTables('shop'))[0]).toMatchObject({ liveVersion: 2, liveRowCount: 1 });
    await destination.close();
    const versions = (await standIn.loaded()).map(({ type, version }) => [type, version]);
    const [first = 0, second = 0] = [...new Set(versions.flatMap(([, version]) => version ?? []))].map(Number);
    expect(second).toBeGreaterThan(first);
    expect(versions.filter(([type]) => type !== 'SCHEMA')).toEqual([
      ['RECORD', first],
      ['RECORD', first],
      ['ACTIVATE_VERSION', first],
      ['RECORD', second],
      ['ACTIVATE_VERSION', second],
    ]);
  });

  it('is an activation without rows, which a target that ends well has had, whatever it confirms', async () => {
    await using standIn = await openStandIn();
    // Which is what target-duckdb does.
    const destination = standIn.connect(['--echo', 'rows'], { activateVersion: true });
    const loader = tableLoader(TABLE);
    await loader.replace(destination, 1, [order(1), order(2)]);
    await loader.replace(destination, 2, [order(1)]);
    expect((await destination.runStore.readTables('shop'))[0]).toMatchObject({ liveVersion: 2, liveRowCount: 1 });
    await destination.close();
    expect((await standIn.loaded()).filter(({ type }) => type === 'ACTIVATE_VERSION')).toHaveLength(2);
  });

  it('is an activation that counts for nothing where the target ends with an error', async () => {
    await using standIn = await openStandIn();
    const begun = standIn.connect(['--echo', 'rows'], { activateVersion: true });
    const loader = tableLoader(TABLE);
    await loader.begin(begun, 1);
    await (await loader.open(begun, 1)).put([order(1)], 'end');
    await begun.close();
    const destination = standIn.connect(['--echo', 'rows', '--exit', '1'], { activateVersion: true });
    await expect(loader.finish(destination, 1)).rejects.toMatchObject(failed);
    expect((await destination.runStore.readTables('shop'))[0]).toMatchObject({ liveVersion: 0 });
  });

  it('is a new version of a table that is read again in place, activated at the end of that', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect([], { activateVersion: true });
    const loader = tableLoader({ ...TABLE, stream: STREAM, shards: ['shard:a'] });
    await loader.begin(destination, 1, { placement: 'live' });
    await (await loader.open(destination, 1)).put([order(1), order(2)], 'end');
    await loader.finish(destination, 1);
    await loader.resync(destination, 1);
    const lane = await loader.open(destination, 1);
    await lane.apply([upsert(order(3), above(2000))], 'after 1', 'shard:a');
    await lane.put([order(1)], 'end', 'segment:0/1');
    await loader.finish(destination, 1);
    await destination.close();
    const messages = (await standIn.loaded()).filter(({ type }) => type !== 'SCHEMA');
    const [first] = messages;
    const last = messages.at(-1);
    // A process that is started anew is told of the live version again.
    const isNew = ({ type, version }: (typeof messages)[number], at: number) =>
      at === 0 || type === 'RECORD' || version !== first?.version;
    expect(messages.filter(isNew).map(({ type, version, record }) => [type, version, record?.['id']])).toEqual([
      // In sight of readers from the beginning.
      ['ACTIVATE_VERSION', first?.version, undefined],
      ['RECORD', first?.version, 'k1'],
      ['RECORD', first?.version, 'k2'],
      ['RECORD', last?.version, 'k3'],
      ['RECORD', last?.version, 'k1'],
      ['ACTIVATE_VERSION', last?.version, undefined],
    ]);
    expect(last?.version).toBeGreaterThan(first?.version ?? Number.MAX_SAFE_INTEGER);
  });
});

describe('a Singer target that ends with an error before it has confirmed anything', () => {
  it('is out of reach for all tables where it does so without rows, too', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'eof', '--refuse', 'ValueError: No access.']);
    const { lane } = await begun(destination);
    await expect(lane.send([order(1)], behind(1)).then(() => lane.load.acceptance?.settle())).rejects.toMatchObject({
      code: 'TARGET_REFUSES',
      message: expect.stringMatching(/has ended with exit code 1, .*: ValueError: No access$/),
    });
    await destination.close();
    expect(await readdir(standIn.stateFolder)).not.toContain('target.json');
    expect(await readdir(standIn.stateFolder)).not.toContain('config.json');
  });

  it('fails only the table whose rows it cannot load', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect(['--echo', 'eof', '--fail-at', '2']);
    const [orders, events] = [await begun(destination), await begun(destination, 'events')];
    await expect(
      orders.lane.send([order(1), order(2)], behind(2)).then(() => orders.lane.load.acceptance?.settle()),
    ).rejects.toMatchObject({
      ...failed,
      message: expect.stringMatching(/has ended with exit code 1: ValueError: This row cannot be loaded$/),
    });
    await events.lane.send([order(3)], behind(3));
    await events.lane.load.acceptance?.settle();
    expect(await positionOf(destination, 'events')).toBe(behind(3));
  });
});

describe('starting a Singer target', () => {
  it.each([
    { what: 'no such command', options: { command: 'no-such-target' }, hint: 'Install the target' },
    { what: 'a folder', options: { command: tmpdir() }, hint: 'Install the target' },
    { what: 'a command with its arguments', options: { command: 'node --check' }, hint: '`args`' },
  ])('is refused before anything is read where there is $what', async ({ options, hint }) => {
    await using standIn = await openStandIn();
    const destination = standIn.connect([], options);
    const expected = {
      message: expect.stringContaining('There is no executable'),
      hint: expect.stringContaining(hint),
    };
    await expect(destination.preflight?.(neverAborted)).rejects.toMatchObject({ code: 'TARGET_UNUSABLE', ...expected });
    const steps = [];
    for await (const step of destination.check(neverAborted)) steps.push(step);
    expect(steps[0]).toMatchObject({ status: 'failed', ...expected });
  });

  it('is refused before anything is read where its configuration file cannot be read', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect([], { configFile: join(standIn.folder, 'nowhere.json') });
    await expect(destination.preflight?.(neverAborted)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(standIn.connect().preflight?.(neverAborted)).resolves.toBeUndefined();
  });

  it('fails with what to correct where the command has gone meanwhile', async () => {
    await using standIn = await openStandIn();
    const destination = standIn.connect([], { command: 'no-such-target' });
    const { lane } = await begun(destination);
    await expect(lane.send([order(1)], behind(1)).then(() => lane.load.acceptance?.settle())).rejects.toMatchObject({
      code: 'TARGET_UNUSABLE',
      message: expect.stringContaining('exit code 127'),
      hint: expect.stringContaining('was not found'),
    });
    expect(await positionOf(destination)).toBe('start');
  });
});
