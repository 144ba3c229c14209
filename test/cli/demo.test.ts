import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tributary-demo-'));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

test('the demo loads a shop, shows rows of it, and with --keep plays on until Ctrl-C', async () => {
  let played = false;
  const { exitCode, stdout, stderr } = await runCli(['demo', '--keep', '--home', home], {
    onStdout: (text, signals) => {
      if (played || !text.includes('Ctrl-C ends it.')) return;
      played = true;
      setImmediate(() => signals.emit('SIGINT'));
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
  expect(stderr).toContain('Stopping; press Ctrl-C again to quit at once');
});
