import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jsonLines, runCli } from './run-cli.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(async () => {
  await shop[Symbol.asyncDispose]();
});

async function tributary(...argv: string[]) {
  return await runCli(argv, { environment: shop.environment });
}

/** The one JSON document of a command that succeeded. */
async function answer(...argv: string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await tributary(...argv, '--json');
  expect(exitCode, stderr).toBe(0);
  const documents = jsonLines(stdout);
  expect(documents).toHaveLength(1);
  return documents[0];
}

test('a table goes from discovery into the destination, is reset and goes there again', async () => {
  expect(await answer('discover')).toMatchObject({
    source: 'shop',
    tables: [
      { name: 'customers', selected: false, table: { item_count: 100, billing_mode: 'PAY_PER_REQUEST' } },
      { name: 'orders', selected: false },
    ],
  });

  expect(await answer('select', 'orders', 'customers', '--method', 'full_table')).toMatchObject({
    selected: [{ table: 'orders', method: 'FULL_TABLE', projection: null }, { table: 'customers' }],
  });
  expect(await readFile(shop.config, 'utf8')).toContain(
    '    tables:\n      orders: { method: FULL_TABLE }\n      customers: { method: FULL_TABLE } # chosen below\n',
  );
  expect(await answer('select', 'orders', '--projection', 'pk, #n', '--attribute', 'n=n')).toMatchObject({
    selected: [{ table: 'orders', projection: 'pk, #n', expression_attributes: { '#n': 'n' } }],
  });

  expect(await answer('check')).toMatchObject({
    status: 'succeeded',
    sources: [{ source: 'shop', status: 'succeeded' }],
  });
  expect(await answer('sync', '--dry-run')).toMatchObject({ tables: [{ rows: 100, error: null }, { rows: 100 }] });

  const run = await answer('sync');
  expect(run).toMatchObject({ event: 'run', source: 'shop', discovery: { exit_status: 0 }, load: { exit_status: 0 } });
  expect(run).toMatchObject({
    tables: expect.arrayContaining([
      expect.objectContaining({
        table: 'orders',
        outcome: 'succeeded',
        rows_loaded: 100,
        rows_rejected: 0,
        version: 1,
      }),
    ]),
  });

  expect(await answer('status', '--table', 'orders')).toMatchObject({
    sources: [
      { destination: 'warehouse', tables: [{ table: 'orders', live_rows: 100, live_version: 1, building: null }] },
    ],
  });
  expect(await answer('state', 'show', '--table', 'orders')).toMatchObject({
    tables: [
      {
        ...{ table: 'orders', destination_table: 'shop.orders', live_version: 1, live_rows: 100, building: null },
        columns: [
          { attribute: 'pk', column: 'pk', type: 'text' },
          { attribute: 'n', column: 'n', type: 'bigint' },
        ],
      },
    ],
  });

  expect(await answer('reset', '--table', 'orders', '--yes')).toEqual({
    source: 'shop',
    tables: [{ table: 'orders', reset: true }],
  });
  expect(await answer('sync', '--table', 'orders')).toMatchObject({ tables: [{ table: 'orders', version: 2 }] });
  expect(await answer('compact')).toMatchObject({ destination: 'warehouse', before_bytes: expect.any(Number) });
});

test('people get tables and lines without colours, logs on stderr, and a log file of the run', async () => {
  await tributary('select', 'orders', '--method', 'FULL_TABLE');
  expect((await tributary('compact')).stdout).toBe('warehouse: there is nothing to compact yet\n');
  expect((await tributary('sync', '--dry-run')).stdout).toMatch(/^orders +100 .* under 10 s +\$/m);
  const { exitCode, stdout, stderr } = await tributary('sync');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^shop -> warehouse\nTABLE +OUTCOME +ROWS READ +ROWS LIVE .*\norders +loaded +100 +100 /);
  expect(`${stdout}${stderr}`).not.toContain('\u001b[');
  expect(stderr).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}Z main - INFO Run shop-/);
  const log = /^Log: (.*)$/m.exec(stdout)?.[1] ?? '';
  expect(log.startsWith(join(shop.folder, 'home', 'logs'))).toBe(true);
  expect(await readFile(log, 'utf8')).toBe(stderr);

  expect((await tributary('discover')).stdout).toMatch(/^TABLE +KEY +ITEMS .*\ncustomers +pk S +100 /);
  expect((await tributary('status')).stdout).toMatch(/^shop -> warehouse\nLast run .*: succeeded.*\nTABLE /);
  expect((await tributary('state', 'show')).stdout).toMatch(
    /^orders -> shop\.orders\n {2}readers see version 1, 100 rows\n {2}ATTRIBUTE +COLUMN +TYPE\n {2}pk +pk +text\n/,
  );
  expect((await tributary('check')).stdout).toMatch(/^Source shop\n {2}ok {7}Region us-east-1: /);
});

test('--log-level and its variable choose what is logged', async () => {
  await tributary('select', 'orders', '--method', 'FULL_TABLE');
  expect((await tributary('sync', '--log-level', 'error')).stderr).toBe('');
  const environment = { ...shop.environment, TRIBUTARY_LOG_LEVEL: 'WARNING' };
  expect((await runCli(['sync'], { environment })).stderr).toBe('');
  const wrong = await tributary('sync', '--log-level', 'loud');
  expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('Known levels: DEBUG, INFO')]);
});

test('a reset asks a person, and does nothing without a clear yes', async () => {
  await tributary('select', 'orders', '--method', 'FULL_TABLE');
  await tributary('sync');
  const no = await runCli(['reset', '--all'], { environment: shop.environment, typed: 'no' });
  expect(no.exitCode).toBe(130);
  expect(no.stderr).toContain('Reset 1 table (orders) of shop? 0 unfinished rows are dropped');
  expect(no.stderr).toContain('Nothing was reset');
  const nobody = await tributary('reset', '--all');
  expect([nobody.exitCode, nobody.stderr]).toEqual([2, expect.stringContaining('Add --yes')]);
  expect(await answer('status')).toMatchObject({ sources: [{ tables: [{ reset_requested: false }] }] });
  const yes = await runCli(['reset', '--all'], { environment: shop.environment, typed: 'yes' });
  expect([yes.exitCode, yes.stdout]).toEqual([0, 'orders: the next run replicates it from the beginning\n']);
});

test('patterns choose tables, and names and patterns can be removed', async () => {
  expect(await answer('select', '--pattern', 'o*')).toMatchObject({ selected: [], matching: ['orders'] });
  expect((await tributary('select', '--pattern', 'zzz*')).stdout).toContain('warning no table matches zzz* now\n');
  await answer('select', '--remove', '--pattern', 'zzz*');
  expect(await answer('sync')).toMatchObject({ tables: [{ table: 'orders', outcome: 'succeeded' }] });
  await answer('select', '--remove', '--pattern', 'o*');
  const empty = await tributary('sync');
  expect(empty.exitCode).toBe(2);
  expect(empty.stderr).toContain('error NOTHING_SELECTED: No table of source shop is selected');
});

test.each([[['discover']], [['status']], [['check']], [['state', 'show']], [['sync']]])(
  '%j with a table that there is not says which was meant',
  async (verb) => {
    await tributary('select', 'orders', '--method', 'FULL_TABLE');
    await tributary('sync');
    const { exitCode, stdout, stderr } = await tributary(...verb, '--table', 'orderz');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('error ');
    expect(stderr).toContain('Fix: Did you mean orders?');
  },
);

describe('a table that fails', () => {
  beforeEach(async () => {
    await tributary('select', 'orders', 'customers', '--method', 'FULL_TABLE');
  });

  test('does not stop the others and decides the exit code', async () => {
    const config = await readFile(shop.config, 'utf8');
    await writeFile(shop.config, config.replace('customers:', 'vanished:'));
    const { exitCode, stdout, stderr } = await tributary('sync', '--json');
    expect(exitCode).toBe(2);
    expect(jsonLines(stdout)).toMatchObject([
      { tables: expect.arrayContaining([expect.objectContaining({ table: 'orders', outcome: 'succeeded' })]) },
    ]);
    expect(stderr).toContain('error TABLES_FAILED: 1 of 2 tables of source shop not replicated');
    const people = await tributary('sync');
    expect(people.stdout).toContain('vanished TABLE_NOT_FOUND: ');
    expect(people.stdout).toContain('  Fix: ');
  });

  test('is named by check with what to do', async () => {
    const config = await readFile(shop.config, 'utf8');
    await writeFile(shop.config, config.replace('customers:', 'vanished:'));
    const { exitCode, stdout } = await tributary('check', '--json');
    expect(exitCode).toBe(2);
    expect(jsonLines(stdout)).toMatchObject([{ status: 'failed', sources: [{ status: 'failed' }] }]);
  });
});

test('status shows a run that could not start as failed, with the reason', async () => {
  await tributary('select', 'orders', '--method', 'FULL_TABLE');
  await tributary('sync');
  shop.simulator.faults.add({ action: 'DescribeTable', times: 'always', fault: { kind: 'expired-credentials' } });
  await tributary('sync');
  shop.simulator.faults.clear();
  expect((await tributary('status')).stdout).toMatch(/^Last run .*: failed \(.*security token.*\), began /m);
  // A slip of the pen is no run.
  await tributary('sync');
  await tributary('sync', '--table', 'gone');
  expect((await tributary('status')).stdout).toMatch(/^Last run .*: succeeded, began /m);
});

describe('iam', () => {
  test('says first what has to go into the configuration, and then always has the same external id', async () => {
    const first = (await tributary('iam', '--table', 'orders')).stdout;
    expect(first).toMatch(
      /^# First: Put these lines into tributary\.yaml now, under sources\.shop: another call .*\n {4}credentials:/,
    );
    expect(first).toContain(':table/orders"');
    expect(first).not.toContain('Terraform');
    const id = /external_id: (\S+)/.exec(first)?.[1];
    const role = /role_arn: (\S+)/.exec(first)?.[1];
    const config = await readFile(shop.config, 'utf8');
    await writeFile(
      shop.config,
      config.replace(
        'credentials: {',
        `credentials: { external_id: ${id}, role_arn: ${role?.replace('YOUR_ACCOUNT_ID', '123456789012')},`,
      ),
    );
    const second = (await tributary('iam')).stdout;
    expect(second).toMatch(/^# Policy, to be saved as .*-read\.json\n\{\n {2}"Version"/);
    expect(second).toContain(`"sts:ExternalId": "${id}"`);
    expect(second).not.toContain('Put these lines');
  });

  test('prints one form alone, and on stderr the lines for an external id that is in it', async () => {
    const policy = await tributary('iam', '--format', 'policy');
    expect([JSON.parse(policy.stdout), policy.stderr]).toEqual([
      expect.objectContaining({ Version: '2012-10-17' }),
      '',
    ]);
    const trust = await tributary('iam', '--format', 'trust');
    expect(JSON.parse(trust.stdout)).toMatchObject({ Statement: [{ Sid: 'AssumeWithExternalId' }] });
    expect(trust.stderr).toContain('Put these lines into tributary.yaml now');
    expect((await tributary('iam', '--format', 'policy', '--json')).exitCode).toBe(2);
    expect(await answer('iam')).toMatchObject({
      next_step: expect.stringContaining('Put these lines'),
      configuration: expect.stringMatching(/credentials:\n {6}role_arn: .*\n {6}external_id: /),
      aws_cli: expect.any(String),
    });
  });
});
