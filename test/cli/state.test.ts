import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FollowedShop, openFollowedShop } from './followed-shop.ts';

let shop: FollowedShop;
beforeEach(async () => {
  shop = await openFollowedShop();
  shop.put({ a: 1, b: 2 });
});
afterEach(async () => {
  await shop[Symbol.asyncDispose]();
});

/** A file of the folder with this text; its path. */
async function file(name: string, text: string): Promise<string> {
  const path = join(shop.folder, name);
  await writeFile(path, text);
  return path;
}

/** Another configuration, with a destination that is empty. */
async function otherConfig(): Promise<string> {
  return await file(
    'other.yaml',
    (await readFile(shop.config, 'utf8')).replace('./warehouse.duckdb', './other.duckdb'),
  );
}

const firstShard = (): string => shop.simulator.streams.shards('carts')[0]?.id ?? '';

test('bookmarks are shown, go back and are read again in order, and go out into another destination', async () => {
  await shop.says('sync');
  const parent = firstShard();
  shop.simulator.streams.rollAll('carts');
  const [child = ''] = shop.simulator.streams.openShardIds('carts');
  shop.put({ a: 10, c: 3 });
  await shop.says('sync');

  expect(await shop.says('state', 'show')).toMatch(
    /^carts -> shop\.carts\n {2}readers see version 1, 3 rows\n {2}following arn:.*\n {2}1 open shard, 1 finished, everything older than .* is loaded\n {2}ATTRIBUTE/,
  );
  expect(await shop.answer('state', 'show')).toMatchObject({
    tables: [{ phase: 'following', building: null, stream: { open_shards: 1, finished_shards: 1 } }],
  });
  const named = await shop.says('state', 'show', '--table', 'carts');
  expect(named).toMatch(new RegExp(`^  ${parent} +end +\\d+ `, 'm'));
  expect(named).toMatch(new RegExp(`^  ${child} +after \\d+ +\\d+ .* ${parent}$`, 'm'));

  const exported = await file('state.json', await shop.says('state', 'export', '--table', 'carts'));
  expect(await shop.says('state', 'import', exported, '--yes')).toBe('carts: was there already\n');

  const no = await shop.run(['state', 'rewind', '--table', 'carts'], { typed: 'no' });
  expect([no.exitCode, no.stderr]).toEqual([
    130,
    expect.stringContaining('carts: 2 shards go back: their changes are applied again'),
  ]);
  expect(await shop.says('state', 'rewind', '--table', 'carts', '--yes')).toBe(
    'carts: 2 shards to be read again by the next run\n',
  );
  expect(await shop.answer('state', 'show', '--table', 'carts')).toMatchObject({
    tables: [
      {
        stream: {
          shards: [
            { shard: parent, position: 'start' },
            { shard: child, position: 'start' },
          ],
        },
      },
    ],
  });
  expect(await shop.answer('sync')).toMatchObject({ tables: [{ rows_read: 0, changes_read: 4 }] });
  expect(await shop.carts()).toEqual({ a: 10, b: 2, c: 3 });

  const edited = ['state', 'edit', '--table', 'carts', '--unit', `shard:${parent}`, '--position', 'start'];
  expect(await shop.answer(...edited, '--yes')).toMatchObject({ from: 'end', to: 'start', also_moved: 1 });
  // Were the child not read again after its parent, the older `a` of the parent would stay.
  await shop.says('sync');
  expect(await shop.carts()).toEqual({ a: 10, b: 2, c: 3 });
  await shop.says(...edited, '--yes');
  expect(await shop.says('state', 'import', exported, '--yes')).toBe('carts: 2 bookmarks set\n');

  shop.put({ b: 20 });
  const config = await otherConfig();
  const taken = await shop.run(['state', 'import', exported, '--config', config], { typed: 'yes' });
  expect([taken.exitCode, taken.stdout]).toEqual([0, 'carts: begins with new data only at the next run\n']);
  expect(taken.stderr).toContain('Rows that were loaded elsewhere are not in it');
  await shop.says('sync', '--config', config);
  expect(await shop.carts('other.duckdb')).toEqual({ b: 20 });
});

test('a state of the Python tap goes on where the tap has stopped', async () => {
  const finished = firstShard();
  shop.simulator.streams.rollAll('carts');
  shop.put({ c: 3 });
  const bookmark = {
    ...{ last_replication_method: 'LOG_BASED', version: Date.now(), initial_full_table_complete: true },
    ...{ finished_shards: [finished, finished], success_timestamp: new Date().toISOString() },
  };
  const bookmarks = { carts: bookmark, orders: { ...bookmark, finished_shards: undefined } };
  const tapState = await file('tap.json', JSON.stringify({ currently_syncing: null, bookmarks }));
  const command = ['state', 'import', '--from-tap-dynamodb', tapState];
  expect((await shop.run(command, { typed: 'n' })).stderr).toContain('Go on where tap-dynamodb has stopped?');
  const onlyOrders = await shop.run([...command, '--table', 'orders', '--yes']);
  expect([onlyOrders.exitCode, onlyOrders.stdout, onlyOrders.stderr]).toEqual([
    2,
    'orders is left out: it is not selected as LOG_BASED in source shop\n',
    expect.stringContaining('error SELECTION_INVALID: No bookmark was imported'),
  ]);
  expect(await shop.says(...command, '--yes')).toBe(
    'carts: goes on with 1 shard at the next run\n' +
      'orders is left out: it is not selected as LOG_BASED in source shop\n',
  );
  expect(await shop.answer('sync')).toMatchObject({
    tables: [{ outcome: 'succeeded', rows_read: 0, changes_read: 1 }],
  });
  expect(await shop.carts()).toEqual({ c: 3 });
  expect(await shop.answer('gaps', '--all')).toMatchObject({ sources: [{ gaps: [] }] });
  const again = await shop.run([...command, '--yes']);
  expect([again.exitCode, again.stderr]).toEqual([
    2,
    expect.stringContaining('error STATE_NOT_EDITABLE: The destination has carts already'),
  ]);
});

describe('refuses', () => {
  test.each<[string, readonly string[], string]>([
    ['a rewind of nothing', ['rewind', '--yes'], 'state rewind needs a table'],
    [
      'an edit of two tables',
      ['edit', '--table', 'a', '--table', 'b', '--unit', 'shard:x', '--position', 'end'],
      'one table',
    ],
    ['what is no unit', ['edit', '--table', 'carts', '--unit', 'x', '--position', 'end'], '"x" is no unit'],
    ['LATEST', ['edit', '--table', 'carts', '--unit', 'shard:x', '--position', 'latest'], 'no position of a shard'],
    ['a table without bookmarks', ['rewind', '--table', 'carts', '--yes'], 'carts was never replicated from shop'],
    ['a missing file', ['import', '/no/such/file'], 'The state file /no/such/file cannot be read'],
    ['an unknown table', ['export', '--table', 'gone'], 'There is no table gone'],
  ])('%s', async (_, argv, message) => {
    const { exitCode, stdout, stderr } = await shop.run(['state', ...argv]);
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });

  test.each([
    ['{', 'it is not JSON'],
    ['{"bookmarks":{}}', 'it is not what `tributary state export` writes'],
  ])('the file %s', async (text, message) => {
    const { exitCode, stderr } = await shop.run(['state', 'import', await file('wrong.json', text)]);
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining(message)]);
    expect(stderr).toContain('--from-tap-dynamodb');
  });
});
