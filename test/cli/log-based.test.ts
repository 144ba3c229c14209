import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonLines, runCli } from './run-cli.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await openShop({ items: 1 });
  shop.simulator.tables.create({
    TableName: 'carts',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
});
afterEach(async () => {
  await shop[Symbol.asyncDispose]();
});

async function tributary(...argv: string[]) {
  return await runCli(argv, { environment: shop.environment });
}

/** What the file says about the table carts after a `select` that succeeded. */
async function selected(...argv: string[]): Promise<unknown> {
  const { exitCode, stderr } = await tributary('select', ...argv);
  expect(exitCode, stderr).toBe(0);
  return parse(await readFile(shop.config, 'utf8')).sources.shop.tables.carts;
}

describe('select', () => {
  test('writes how changes are applied, changes only what is given, and drops it with the stream', async () => {
    expect(await selected('carts', '--method', 'log_based', '--deletes', 'hard', '--ttl-deletes', 'ignore')).toEqual({
      method: 'LOG_BASED',
      deletes: 'hard',
      ttl_deletes: 'ignore',
    });
    expect(await selected('carts', '--on-gap', 'fail', '--strip-global-table-attributes')).toEqual({
      ...{ method: 'LOG_BASED', deletes: 'hard', ttl_deletes: 'ignore', on_gap: 'fail' },
      strip_global_table_attributes: true,
    });
    expect(await selected('carts', '--method', 'FULL_TABLE')).toEqual({
      method: 'FULL_TABLE',
      strip_global_table_attributes: true,
    });
    expect(await selected('carts', '--no-strip-global-table-attributes')).toEqual({ method: 'FULL_TABLE' });
  });

  test.each([
    ['orders', [], 'SELECTION_INVALID', 'orders cannot be LOG_BASED: it has no stream'],
    ['carts', ['--keep-last-image'], 'SELECTION_INVALID', 'which lacks the item as it was before'],
    ['carts', ['--deletes', 'hard', '--ttl-deletes', 'flag'], 'SELECTION_INVALID', 'cannot flag expired items'],
    ['carts', ['--on-gap', 'repair'], 'USAGE', 'Allowed choices are resync, fail'],
  ])('refuses %s with %j and leaves the file as it is', async (table, flags, code, message) => {
    const before = await readFile(shop.config, 'utf8');
    const { exitCode, stderr } = await tributary('select', table, '--method', 'LOG_BASED', ...flags);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`error ${code}: `)]);
    expect(stderr).toContain(message);
    expect(await readFile(shop.config, 'utf8')).toBe(before);
  });

  test('refuses options about changes for a table that has none', async () => {
    const { exitCode, stderr } = await tributary('select', 'carts', '--method', 'FULL_TABLE', '--deletes', 'hard');
    expect([exitCode, stderr]).toEqual([
      2,
      'error USAGE: --deletes means nothing for carts, which is FULL_TABLE\n' +
        '  Fix: Leave it out, or add --method LOG_BASED\n',
    ]);
  });

  test('refuses a destination that takes whole tables only', async () => {
    const yaml = await readFile(shop.config, 'utf8');
    await writeFile(shop.config, yaml.replace('type: duckdb, path: ./warehouse.duckdb', 'type: files, path: ./lake'));
    const { stderr } = await tributary('select', 'carts', '--method', 'LOG_BASED');
    expect(stderr).toContain('carts cannot be LOG_BASED: the destination of source shop cannot follow a stream');
  });
});

test('check reads the stream of a selected table', async () => {
  await selected('carts', '--method', 'LOG_BASED');
  const { exitCode, stdout } = await tributary('check');
  expect(exitCode, stdout).toBe(0);
  expect(stdout).toContain('DescribeStream carts: Status ENABLED; ');
  expect(stdout).toContain('GetRecords carts: The stream can be read; AWS bills the one GetRecords that was sent');
});

describe('iam', () => {
  const streams = async (...argv: string[]): Promise<unknown> => {
    const { stdout } = await tributary('iam', ...argv, '--format', 'policy');
    const policy = JSON.parse(stdout);
    return policy.Statement.find(({ Sid }: { Sid: string }) => Sid === 'Streams')?.Resource;
  };

  test('allows the streams of tables that follow them, selected or not yet', async () => {
    await selected('carts', 'orders', '--method', 'FULL_TABLE');
    expect(await streams()).toBeUndefined();
    expect(await streams('--table', 'later', '--method', 'LOG_BASED')).toEqual([
      expect.stringMatching(/:table\/later\/stream\/\*$/),
    ]);
    await selected('carts', '--method', 'LOG_BASED');
    expect(await streams()).toEqual([expect.stringMatching(/:table\/carts\/stream\/\*$/)]);
  });
});

test('discover shows which streams there are', async () => {
  const { stdout } = await tributary('discover', '--json', '--table', 'carts');
  expect(jsonLines(stdout)).toMatchObject([
    {
      tables: [
        { name: 'carts', table: { stream: { enabled: true, view_type: 'NEW_IMAGE', label: expect.any(String) } } },
      ],
    },
  ]);
});
