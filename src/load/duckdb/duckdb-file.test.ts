import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, watch } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLiveRows, withDuckDb } from '../../../test/support/duckdb-live-rows.ts';
import { order } from '../../../test/support/load-samples.ts';
import { STREAM, shards } from '../../../test/support/stream-samples.ts';
import { behind, tableLoader } from '../../../test/support/table-loader.ts';
import { neverAborted } from '../../../test/support/test-place.ts';
import { systemClock } from '../../platform/clock.ts';
import { createLogger } from '../../platform/logger.ts';
import { createManualClock } from '../../simulator/manual-clock.ts';
import type { Destination } from '../destination.ts';
import { createDuckDbDestination } from './duckdb.ts';
import type { DuckDbOptions } from './options.ts';

let folder: string;
let path: string;
let lines: string[];
let onLine: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-duckdb-'));
  path = join(folder, 'warehouse.duckdb');
  lines = [];
  onLine = () => {};
});
afterEach(() => rm(folder, { recursive: true }));

function connect(options: Partial<DuckDbOptions> = {}): Destination {
  const logger = createLogger({
    location: 'main',
    level: 'INFO',
    now: () => 0,
    write: (line) => {
      lines.push(line);
      onLine();
    },
  });
  return createDuckDbDestination({ path, publish: null, lockWaitMs: 0, ...options }, { clock: systemClock, logger });
}

/** Runs statements in the file as a person with another program would. */
async function runSql(...statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

/** Another program that holds the file until its standard input ends. */
async function holdFile(): Promise<{ readonly pid: number; release(): Promise<void> }> {
  const script = `require('@duckdb/node-api').DuckDBInstance.create(process.argv[1]).then((instance) => {
    process.stdin.resume().on('end', () => { instance.closeSync(); process.exit(0); });
    console.log('held');
  })`;
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? -1,
    release: async () => {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

describe('a DuckDB file whose name is also a name in it', () => {
  it.each([
    ['shop.duckdb', 'shop'],
    ['main.duckdb', 'main'],
    ['it\'s a "file".duckdb', 'temp'],
    ['warehouse.duckdb', 'system'],
    ['warehouse.duckdb', 'memory'],
  ])('%s is loaded into the schema %s twice', async (name, source) => {
    path = join(folder, name);
    const loader = tableLoader({ source });
    await loader.replace(connect(), 1, [order(1)]);
    await loader.replace(connect(), 2, [order(1), order(2)]);
    expect(await connect().sample(loader.target, 5)).toHaveLength(2);
    await connect().compact?.(neverAborted);
    expect(await connect().sample(loader.target, 5)).toHaveLength(2);
  });
});

describe('a DuckDB file that another program holds', () => {
  it('is waited for, which the log says once', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    const holder = await holdFile();
    const waiting = new Promise<void>((resolve) => {
      onLine = resolve;
    });
    const replaced = loader.replace(connect({ lockWaitMs: 60_000 }), 2, [order(2)]);
    await waiting;
    await holder.release();
    expect(await replaced).toEqual({ rowCount: 1, sweptRows: 0 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`PID ${holder.pid}`);
  });

  it('is given up after the wait, naming the program and what to do', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    const holder = await holdFile();
    const locked = {
      code: 'DESTINATION_LOCKED',
      context: { pid: holder.pid },
      hint: expect.stringContaining('publish'),
    };
    await expect(loader.begin(connect(), 2)).rejects.toMatchObject(locked);
    await expect(connect().runStore.readTables('shop')).rejects.toMatchObject(locked);
    const statuses: string[] = [];
    for await (const { status } of connect().check(neverAborted)) statuses.push(status);
    expect(statuses).toEqual(['succeeded', 'failed']);
    await holder.release();
  });

  it('is not waited for any longer when the caller is stopped', async () => {
    await tableLoader().replace(connect(), 1, [order(1)]);
    const holder = await holdFile();
    const stop = new AbortController();
    onLine = () => stop.abort();
    const lane = { source: 'shop', table: 'orders', version: 2, base: 1n, units: [], deletes: null };
    await expect(connect({ lockWaitMs: 60_000 }).open(lane, { signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await holder.release();
  });
});

describe('a file that is not what it should be', () => {
  it('is left as it is when it is no database', async () => {
    const content = 'name,total\n'.repeat(2000);
    await writeFile(path, content);
    const loader = tableLoader();
    await expect(loader.begin(connect(), 1)).rejects.toMatchObject({ code: 'DESTINATION_INVALID' });
    expect(await readFile(path, 'utf8')).toBe(content);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('is refused when its state was written by a newer version', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    await runSql('UPDATE _tributary_meta SET format_version = 3');
    await expect(loader.begin(connect(), 2)).rejects.toMatchObject({ code: 'STATE_INVALID' });
    await expect(connect().runStore.readTables('shop')).rejects.toMatchObject({ code: 'STATE_INVALID' });
  });

  it('is refused when somebody has damaged the state', async () => {
    const loader = tableLoader();
    await loader.begin(connect(), 1);
    await runSql(`UPDATE _tributary_columns SET evidence = '{}'`);
    await expect(connect().runStore.readSchema('shop', 'orders')).rejects.toMatchObject({ code: 'STATE_INVALID' });
  });
});

describe('a file that holds tables of somebody else', () => {
  it('takes ours beside them and touches none of a name that is in use', async () => {
    await runSql(
      'CREATE SCHEMA shop',
      'CREATE TABLE shop."Orders" AS SELECT 42 AS answer',
      'CREATE VIEW shop.items AS SELECT 1 AS a',
    );
    const taken = { code: 'DESTINATION_NAME_TAKEN' };
    await expect(tableLoader().begin(connect(), 1)).rejects.toMatchObject(taken);
    await expect(tableLoader({ table: 'items' }).begin(connect(), 1)).rejects.toMatchObject(taken);
    await expect(tableLoader({ table: '_sdc_rejected' }).begin(connect(), 1)).rejects.toMatchObject(taken);
    await tableLoader({ table: 'events' }).replace(connect(), 1, [order(1)]);
    await withDuckDb(path, async (query) => expect(await query('SELECT * FROM shop.orders')).toEqual([[42]]));
  });

  it('refuses the swap when the name was taken while the version was built', async () => {
    const loader = tableLoader({ totalSegments: 1 });
    await loader.begin(connect(), 1);
    const lane = await loader.open(connect(), 1);
    await lane.put([order(1)], 'end');
    await runSql('CREATE TABLE shop.orders AS SELECT 42 AS answer');
    await expect(loader.finish(connect(), 1)).rejects.toMatchObject({ code: 'DESTINATION_NAME_TAKEN' });
    await runSql('DROP TABLE shop.orders');
    expect(await loader.finish(connect(), 1)).toEqual({ rowCount: 1, sweptRows: 0 });
  });

  it('keeps their views on our tables over the swap', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    await runSql('CREATE VIEW totals AS SELECT id, total FROM shop.orders');
    await loader.replace(connect(), 2, [order(2), order(3)]);
    await withDuckDb(path, async (query) =>
      expect(await query('SELECT id FROM totals ORDER BY id')).toEqual([['k2'], ['k3']]),
    );
  });
});

describe('rows that fit no column exactly', () => {
  it('are kept with the reason when their key is missing or does not fit', async () => {
    const loader = tableLoader({ totalSegments: 1 });
    await loader.begin(connect(), 1);
    const lane = await loader.open(connect(), 1);
    const receipt = await lane.put(
      [order(1), { n: { N: '1' } }, { id: { NULL: true } }, { id: { S: 'a\ud800' }, n: { N: '2' } }],
      'end',
    );
    expect(receipt).toMatchObject({ receipt: 'durable', upsertedRows: 1, rejectedRows: 3 });
    expect(await loader.finish(connect(), 1)).toEqual({ rowCount: 1, sweptRows: 0 });
    await withDuckDb(path, async (query) => {
      expect(await query('SELECT table_name, reason, record FROM shop._sdc_rejected')).toEqual([
        ['orders', 'The key attribute "id" is missing', '{"n":1}'],
        ['orders', 'The key attribute "id" is missing', '{"id":null}'],
        ['orders', 'The key attribute "id" does not fit its column', '{"id":"a\\ud800","n":2}'],
      ]);
    });
  });

  it('are kept for the live version and the one that is built, not for those that are gone', async () => {
    const loader = tableLoader({ totalSegments: 1 });
    const build = async (version: number) => {
      await loader.begin(connect(), version);
      await (await loader.open(connect(), version)).put([order(1), { n: { N: `${version}` } }], 'end');
    };
    const kept = () =>
      withDuckDb(path, (query) =>
        query('SELECT _sdc_table_version::INTEGER, record FROM shop._sdc_rejected ORDER BY ALL'),
      );
    await tableLoader({ table: 'other' }).replace(connect(), 1, [{ n: { N: '0' } }]);
    await build(1);
    await loader.finish(connect(), 1);
    await build(2);
    expect(await kept()).toEqual([
      [1, '{"n":0}'],
      [1, '{"n":1}'],
      [2, '{"n":2}'],
    ]);
    await build(3);
    await loader.finish(connect(), 3);
    await build(4);
    await connect().runStore.requestReset('shop', 'orders');
    expect(await kept()).toEqual([
      [1, '{"n":0}'],
      [3, '{"n":3}'],
    ]);
  });

  it('leave a table of somebody else alone that has their name', async () => {
    await runSql('CREATE SCHEMA shop', 'CREATE TABLE shop._sdc_rejected AS SELECT 42 AS answer');
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    await loader.replace(connect(), 2, [order(1)]);
    await withDuckDb(path, async (query) => expect(await query('SELECT * FROM shop._sdc_rejected')).toEqual([[42]]));
  });

  it('keep what UTF-8 cannot hold as JSON text in _sdc_rescued', async () => {
    const odd = {
      id: { S: 'k1' },
      text: { S: 'a\ud800b' },
      json: { M: { a: { S: '\udc00' } } },
      fine: { S: '\\ud800' },
    };
    await tableLoader().replace(connect(), 1, [odd, order(2)]);
    await withDuckDb(path, async (query) => {
      const [row] = await query(`SELECT text, json->>'a', fine, _sdc_rescued->>'text', _sdc_rescued->>'json'
        FROM shop.orders WHERE _sdc_rescued IS NOT NULL`);
      expect(row).toEqual(['a\ufffdb', '\ufffd', '\\ud800', '"a\\ud800b"', '{"a":"\\udc00"}']);
    });
  });
});

describe('the copy for readers', () => {
  it('has the last finished version and can be read while the file is loaded', async () => {
    const publish = join(folder, 'readers', 'copy.duckdb');
    const destination = connect({ publish });
    const loader = tableLoader();
    await loader.replace(destination, 1, [order(1)]);
    expect(await readLiveRows(publish, loader.target)).toHaveLength(1);
    const reader = await DuckDBInstance.create(publish, { access_mode: 'READ_ONLY' });
    await loader.replace(destination, 2, [order(2), order(3)]);
    expect(
      await (await reader.connect()).runAndReadAll('SELECT count(*) FROM shop.orders').then((r) => r.getRows()),
    ).toEqual([[1n]]);
    reader.closeSync();
    expect(await readLiveRows(publish, loader.target)).toHaveLength(2);
    await destination.close();
    expect(readdirSync(join(folder, 'readers'))).toEqual(['copy.duckdb']);
  });

  it('has the changes of a table that follows its stream when the destination is closed', async () => {
    const publish = join(folder, 'copy.duckdb');
    const loader = tableLoader({ stream: STREAM, shards: shards(1), totalSegments: 1 });
    const destination = connect({ publish });
    await loader.begin(destination, 1, { placement: 'live' });
    const lane = await loader.open(destination, 1);
    await lane.put([order(1)], 'end');
    await loader.finish(destination, 1);
    await lane.put([order(2)], 'after 1', loader.shards[0]);
    expect(await readLiveRows(publish, loader.target)).toHaveLength(1);
    await destination.close();
    expect(await readLiveRows(publish, loader.target)).toHaveLength(2);
  });

  it('has the changes of a table that follows its stream within a minute, however long it is followed', async () => {
    const publish = join(folder, 'copy.duckdb');
    const loader = tableLoader({ stream: STREAM, shards: shards(1), totalSegments: 1 });
    const clock = createManualClock();
    const destination = createDuckDbDestination({ path, publish, lockWaitMs: 0 }, { clock });
    await loader.begin(destination, 1, { placement: 'live' });
    const lane = await loader.open(destination, 1);
    await lane.put([order(1)], 'end');
    await loader.finish(destination, 1);
    await lane.put([order(2)], 'after 1', loader.shards[0]);
    await clock.sleepers(1);
    expect(await readLiveRows(publish, loader.target)).toHaveLength(1);
    const renewed = new Promise<void>((resolve) => {
      const watcher = watch(folder, (event, name) => {
        if (event !== 'rename' || name !== 'copy.duckdb') return;
        watcher.close();
        resolve();
      });
    });
    clock.advance(60_000);
    await renewed;
    expect(await readLiveRows(publish, loader.target)).toHaveLength(2);
    await destination.close();
  });

  it('goes on having the changes of a table that was loaded aside when its lane goes on', async () => {
    const publish = join(folder, 'copy.duckdb');
    const loader = tableLoader({ stream: STREAM, shards: shards(1), totalSegments: 1 });
    const destination = connect({ publish });
    await loader.begin(destination, 1);
    const lane = await loader.open(destination, 1);
    await lane.put([order(1)], 'end');
    await loader.finish(destination, 1);
    await lane.put([order(2)], 'after 1', loader.shards[0]);
    await destination.close();
    expect(await readLiveRows(publish, loader.target)).toHaveLength(2);
  });

  it('does not stop the swap when it cannot be written, and close() says so', async () => {
    const publish = join(folder, 'in-the-way', 'copy.duckdb');
    await writeFile(join(folder, 'in-the-way'), '');
    const destination = connect({ publish });
    const loader = tableLoader();
    expect(await loader.replace(destination, 1, [order(1)])).toEqual({ rowCount: 1, sweptRows: 0 });
    expect(lines.join()).toContain('copy for readers is not up to date');
    await expect(destination.close()).rejects.toMatchObject({ code: 'DESTINATION_INVALID' });
  });
});

describe('a table whose layout changes', () => {
  it('loses the columns that are no longer read, also over a reset half-way, and stays whole', async () => {
    const wide = tableLoader({ totalSegments: 1 });
    await wide.replace(connect(), 1, [order(1), order(2)]);
    await runSql('CREATE VIEW totals AS SELECT id, total FROM shop.orders');
    // Another process, which knows nothing of the columns before: its schema starts from the key.
    const narrow = tableLoader({ totalSegments: 1 });
    const items = [
      { id: { S: 'k1' }, note: { N: '1.5' } },
      { id: { S: 'k2' }, note: { S: 'text' } },
    ];
    await narrow.begin(connect(), 2, { layout: 'layout-2' });
    await (await narrow.open(connect(), 2)).put(items, behind(2));
    expect(await connect().runStore.requestReset('shop', 'orders')).toBe(true);
    await narrow.begin(connect(), 2, { layout: 'layout-2', answersReset: true });
    await (await narrow.open(connect(), 2)).put(items, 'end');
    expect(await narrow.finish(connect(), 2)).toEqual({ rowCount: 2, sweptRows: 0 });
    expect(await connect().runStore.readSchema('shop', 'orders')).toEqual(narrow.schema()?.schema);
    expect(JSON.parse((await connect().sample(narrow.target, 1))[0] ?? '')).not.toHaveProperty('total');
    await connect().compact?.(neverAborted);
    // With the view on a column that is gone in the file: it is the view that fails, nothing of ours.
    await withDuckDb(path, (query) => expect(query('SELECT * FROM totals')).rejects.toThrow('Binder Error'));
    await wide.begin(connect(), 3);
    await (await wide.open(connect(), 3)).put([order(1), order(2)], 'end');
    expect(await wide.finish(connect(), 3)).toEqual({ rowCount: 2, sweptRows: 0 });
    await withDuckDb(path, async (query) => expect(await query('SELECT * FROM totals')).toHaveLength(2));
  });
});

describe('compacting', () => {
  it('gives the space of dropped rows back and keeps everything', async () => {
    const loader = tableLoader();
    const long = (n: number) => ({ ...order(n), text: { S: String(n).repeat(20_000) } });
    await loader.replace(
      connect(),
      1,
      Array.from({ length: 100 }, (_, n) => long(n)),
    );
    await loader.replace(
      connect(),
      2,
      Array.from({ length: 60 }, (_, n) => long(n)),
    );
    await runSql('CREATE VIEW totals AS SELECT id, total FROM shop.orders');
    const destination = connect();
    const before = await readLiveRows(path, loader.target);
    const sizes = await destination.compact?.(neverAborted);
    expect(sizes?.afterBytes).toBe(statSync(path).size);
    expect(sizes?.afterBytes).toBeLessThan(sizes?.beforeBytes ?? 0);
    expect(readdirSync(folder)).toEqual(['warehouse.duckdb']);
    expect(await readLiveRows(path, loader.target)).toEqual(before);
    await withDuckDb(path, async (query) => expect(await query('SELECT count(*) FROM totals')).toEqual([[60n]]));
    expect(
      await loader.replace(destination, 3, [order(1), ...Array.from({ length: 50 }, (_, n) => long(n + 2))]),
    ).toEqual({ rowCount: 51, sweptRows: 0 });
  });

  it('creates nothing where there is no file', async () => {
    expect(await connect().compact?.(neverAborted)).toEqual({ beforeBytes: 0, afterBytes: 0 });
    expect(existsSync(path)).toBe(false);
  });
});

describe('a crash', () => {
  it('can never leave a log to be replayed: every commit goes into the file itself', async () => {
    const seen = new Set<string | null>();
    const loader = tableLoader({ totalSegments: 1 });
    const watcher = watch(folder, (_, name) => {
      // The empty file before it got its name.
      if (!name?.endsWith('.new')) seen.add(name);
      if (name === 'last') onLine();
    });
    await loader.begin(connect(), 1);
    const lane = await loader.open(connect(), 1);
    await lane.put([{ ...order(1), grows: { N: '1.5' } }], behind(1));
    await lane.put([{ ...order(2), grows: { S: 'text' }, later: { BOOL: true } }], 'end');
    await loader.finish(connect(), 1, { deduplicateBy: ['id'] });
    const last = new Promise<void>((resolve) => {
      onLine = resolve;
    });
    await writeFile(join(folder, 'last'), '');
    await last;
    watcher.close();
    expect([...seen].sort()).toEqual(['last', 'warehouse.duckdb']);
  });
});
