import type { EventEmitter } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FollowedShop, openFollowedShop } from './followed-shop.ts';
import { jsonLines } from './run-cli.ts';

let shop: FollowedShop;
beforeEach(async () => {
  shop = await openFollowedShop();
  shop.put({ a: 1, b: 2 });
});
afterEach(async () => {
  await shop[Symbol.asyncDispose]();
});

/** Does each step when the log has the text, in turn. */
function steps(...all: readonly (readonly [text: string, count: number, act: () => void])[]) {
  let next = 0;
  return (log: string): void => {
    const step = all[next];
    if (step === undefined || log.split(step[0]).length - 1 < step[1]) return;
    next += 1;
    step[2]();
  };
}

test('--follow loads changes of all sources until SIGTERM, which is a good end; FULL_TABLE tables come once', async () => {
  const yaml = await readFile(shop.config, 'utf8');
  const [, source = ''] = /( {2}shop:\n(?: {4}.*\n)+)/.exec(yaml) ?? [];
  const second = source.replace('shop:', 'branch:').replace('{ carts: {', '{ orders: { method: FULL_TABLE }, carts: {');
  await writeFile(shop.config, yaml.replace('destinations:', `${second}destinations:`));
  expect((await shop.says('sync', '--dry-run')).match(/^carts +2 +/gm)).toHaveLength(2);

  let signals: EventEmitter | null = null;
  const { exitCode, stdout, stderr } = await shop.run(['sync', '--follow', '--log-level', 'debug'], {
    onStart: (sender) => {
      signals = sender;
    },
    onStderr: steps(
      ['carts: has caught up', 2, () => shop.put({ a: 10, c: 3 })],
      ['carts: commits 2 rows', 2, () => signals?.emit('SIGTERM')],
    ),
  });
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain('Replicated once and not followed, since they are FULL_TABLE: orders\n');
  expect(stderr).toContain('Stopping at the next durable bookmark; press Ctrl-C again to quit at once\n');
  expect(stdout).toMatch(/^shop -> warehouse\nTABLE +OUTCOME +ROWS READ +CHANGES READ +DELETED /);
  expect(stdout).toMatch(/\nbranch -> warehouse\n.*\ncarts +loaded +2 +\d+ +0 +3 .*\norders +loaded +3 /);
  expect(await shop.carts()).toEqual({ a: 10, b: 2, c: 3 });

  const status = await shop.says('status', '--source', 'shop');
  expect(status).toMatch(/^TABLE +METHOD +PHASE +LOADED AS +ROWS +AGE +TIME TO LOSS +BEING READ +NOTE$/m);
  expect(status).toMatch(/^carts +LOG_BASED +following +shop\.carts +3 +\d+(\.\d)? m?s +23 h 59 min$/m);
  expect(await shop.says('sync', '--dry-run', '--source', 'shop')).toBe(
    'shop: the next run would read\ncarts: no Scan is needed, only the changes of its stream\n',
  );
  expect(await shop.answer('sync', '--dry-run', '--source', 'shop')).toMatchObject({
    tables: [{ table: 'carts', method: 'LOG_BASED', reads_stream_only: true, error: null }],
  });
});

test('--follow that is stopped before a table is complete ends with 130', async () => {
  let signals: EventEmitter | null = null;
  shop.simulator.onRequest(({ action }) => {
    if (action !== 'DescribeStream') return;
    signals?.emit('SIGINT');
  });
  const { exitCode, stderr } = await shop.run(['sync', '--follow'], {
    onStart: (sender) => {
      signals = sender;
    },
  });
  expect([exitCode, stderr]).toEqual([130, expect.stringContaining('stopped CANCELLED: ')]);
});

test('a rewind takes a table away from a process that follows it, which says so', async () => {
  await shop.says('sync');
  let rewound: Promise<string> | null = null;
  const { exitCode, stdout, stderr } = await shop.run(['sync', '--follow'], {
    onStderr: steps([
      'carts: has caught up',
      1,
      () => {
        rewound = shop.says('state', 'rewind', '--table', 'carts', '--yes');
        void rewound.then(() => shop.put({ a: 10 }));
      },
    ]),
  });
  expect(await rewound).toBe('carts: 1 shard to be read again by the next run\n');
  expect([exitCode, stdout], stderr).toEqual([5, expect.stringContaining('carts FENCED: ')]);
  await shop.says('sync');
  expect(await shop.carts()).toEqual({ a: 10, b: 2 });
});

test('one run loads the changes up to its start, with deletes, and its JSON counts them', async () => {
  await shop.says('sync');
  shop.put({ a: 10 });
  shop.simulator.tables.deleteItems('carts', [{ pk: { S: 'b' } }]);
  const { exitCode, stdout, stderr } = await shop.run(['sync', '--json']);
  expect(exitCode, stderr).toBe(0);
  expect(jsonLines(stdout).at(-1)).toMatchObject({
    event: 'run',
    tables: [{ table: 'carts', rows_read: 0, changes_read: 2, rows_deleted: 1, live_rows: 1 }],
  });
  expect(await shop.carts()).toEqual({ a: 10, b: null });
  expect(await shop.answer('status')).toMatchObject({
    sources: [
      {
        tables: [
          {
            ...{ table: 'carts', phase: 'following', building: null, read_in_place: null, open_gaps: 0 },
            ...{ lag_ms: expect.any(Number), time_to_loss_ms: expect.any(Number) },
          },
        ],
      },
    ],
  });
});

test.each([
  [['--follow', '--dry-run'], 'error USAGE: --follow and --dry-run exclude each other'],
  [['--follow', '--table', 'orders'], 'error SELECTION_INVALID: No table that is LOG_BASED is selected'],
])('sync %j is refused', async (argv, message) => {
  const yaml = await readFile(shop.config, 'utf8');
  await writeFile(shop.config, yaml.replace('{ carts: {', '{ orders: { method: FULL_TABLE }, carts: {'));
  const { exitCode, stderr } = await shop.run(['sync', ...argv]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
});
