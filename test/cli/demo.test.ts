import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CliRun, runCli } from './run-cli.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tributary-demo-'));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

test('the demo loads a shop, shows rows of it, and with --keep plays on until Ctrl-C; another one keeps away', async () => {
  let played = false;
  let second: CliRun | null = null;
  const { exitCode, stdout, stderr } = await runCli(['demo', '--keep', '--home', home], {
    onStdout: (text, signals) => {
      if (played || !text.includes('Ctrl-C ends it.')) return;
      played = true;
      void runCli(['demo', '--home', home]).then((run) => {
        second = run;
        signals.emit('SIGINT');
      });
    },
  });
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^A simulated DynamoDB at http:\/\/127\.0\.0\.1:\d+ holds 3 tables, 54,000 items\.$/m);
  for (const table of ['customers', 'orders', 'events']) expect(stdout).toMatch(new RegExp(`^${table} +loaded `, 'm'));
  const rows = /SELECT \* FROM shop\.orders LIMIT 3\n(\{.*\})\n(\{.*\})\n(\{.*\})\n/.exec(stdout);
  expect(rows?.slice(1)).toHaveLength(3);
  expect(stdout).toContain(`The DuckDB file:    ${join(home, 'demo/warehouse.duckdb')}`);
  expect((await stat(join(home, 'demo/warehouse.duckdb'))).size).toBeGreaterThan(100_000);
  expect(await readFile(join(home, 'demo/tributary.yaml'), 'utf8')).toContain('orders: { method: FULL_TABLE }');
  expect(stdout).toMatch(/\n {2}npx tsx src\/bin\/tributary\.ts sync\n/);
  expect(stderr).toBe('Stopping; press Ctrl-C again to quit at once\n');
  expect(second).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('USAGE: Another demo is running at http://127.0.0.1'),
  });
});

test('a home that cannot be written ends the demo', async () => {
  const { exitCode, stderr } = await runCli(['demo', '--home', '/proc/no-such-process/home']);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('error CONFIG_UNWRITABLE: ')]);
});
