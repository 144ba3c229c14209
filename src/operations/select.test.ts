import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTable } from '../../test/support/simulated-table.ts';
import { loadConfig } from '../config/load-config.ts';
import { defaultTable } from '../config/table-defaults.ts';
import type { TableConfig } from '../config/tributary-config.ts';
import { systemClock } from '../platform/clock.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { type SelectRequest, select } from './select.ts';

let simulator: Simulator;
let folder: string;
let configPath: string;

beforeEach(async () => {
  simulator = await startSimulator();
  for (const name of ['orders', 'orders-2024', 'customers']) createTable(simulator, name);
  folder = await mkdtemp(join(tmpdir(), 'tributary-select-'));
  configPath = join(folder, 'tributary.yaml');
  await writeFile(
    configPath,
    `sources:
  shop:
    region: us-east-1
    endpoint: ${simulator.endpoint}
    credentials: { access_key_id: a, secret_access_key: "\${SECRET}" }
    destination: files
    tables:
      # our customers
      customers:
        method: FULL_TABLE
destinations:
  files: { type: memory }
`,
  );
});

afterEach(async () => {
  await simulator.close();
  await rm(folder, { recursive: true });
});

async function change(edit: Partial<SelectRequest>) {
  const config = await loadConfig({ path: configPath, home: folder, environment: { SECRET: 's' } });
  const source = config.sources.get('shop');
  if (source === undefined) throw new Error('The source is missing');
  return await select({
    configPath,
    source,
    select: [],
    remove: [],
    patterns: null,
    capabilities: { changes: 'merge', hardDeletes: true },
    clock: systemClock,
    signal: new AbortController().signal,
    ...edit,
  });
}

const full = (table: string, more: Partial<TableConfig> = {}): TableConfig => ({
  ...defaultTable(table, 'FULL_TABLE'),
  ...more,
});

test('a table that is right is added to the file, comments stay', async () => {
  const result = await change({ select: [full('orders', { projection: 'pk, a' })] });
  expect(result.selected.map(({ table }) => [table.name, table.key])).toEqual([
    ['orders', [{ name: 'pk', type: 'S' }]],
  ]);
  const written = await readFile(configPath, 'utf8');
  expect(written).toContain('# our customers');
  expect(written).toMatch(/orders:\n\s+method: FULL_TABLE\n\s+projection: pk, a\n/);
});

test('a table is removed, one that is not selected is an error', async () => {
  expect((await change({ remove: ['customers'] })).removed).toEqual(['customers']);
  expect(await readFile(configPath, 'utf8')).not.toContain('customers:');
  await expect(change({ remove: ['customers'] })).rejects.toMatchObject({ code: 'SELECTION_INVALID' });
});

test('patterns are written, with the tables that they choose now', async () => {
  const result = await change({ patterns: ['orders*'] });
  expect(result.matching).toEqual(['orders', 'orders-2024']);
  expect(await readFile(configPath, 'utf8')).toContain('select_new_tables');
});

test('a table with a stream is written as LOG_BASED with its options', async () => {
  createTable(simulator, 'carts', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } });
  const following = full('carts', { method: 'LOG_BASED', deletes: 'hard', onGap: 'fail' });
  await change({ select: [following] });
  expect(await readFile(configPath, 'utf8')).toMatch(
    /carts:\n\s+method: LOG_BASED\n\s+deletes: hard\n\s+on_gap: fail\n/,
  );
});

test('a table does not become LOG_BASED for a destination that takes whole tables only', async () => {
  createTable(simulator, 'carts', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } });
  const selecting = change({
    select: [full('carts', { method: 'LOG_BASED' })],
    capabilities: { changes: 'none', hardDeletes: false },
  });
  await expect(selecting).rejects.toMatchObject({
    code: 'SELECTION_INVALID',
    message: 'carts cannot be LOG_BASED: the destination of source shop cannot follow a stream in this version',
    hint: expect.stringMatching(
      /^Select it as FULL_TABLE: tributary select carts --method FULL_TABLE; or load source shop into a destination of type duckdb/,
    ),
  });
});

test('rows are not to be removed from a destination that can only mark them', async () => {
  createTable(simulator, 'carts', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } });
  const marking = { changes: 'ordered', hardDeletes: false } as const;
  const following = full('carts', { method: 'LOG_BASED', deletes: 'hard' });
  await expect(change({ select: [following], capabilities: marking })).rejects.toMatchObject({
    code: 'SELECTION_INVALID',
    message: 'carts cannot have deletes: hard: the destination of source shop cannot remove rows',
    hint:
      'Let the rows of deleted items be marked: tributary select carts --deletes soft; ' +
      'or load source shop into a destination of type duckdb',
  });
  await change({ select: [{ ...following, deletes: 'soft' }], capabilities: marking });
  expect(await readFile(configPath, 'utf8')).toContain('carts: { method: LOG_BASED }');
});

test.each<[string, TableConfig, string]>([
  ['a projection without the key', full('orders', { projection: 'a' }), 'PROJECTION_INVALID'],
  ['a log-based table without a stream', full('orders', { method: 'LOG_BASED' }), 'SELECTION_INVALID'],
  ['a table that is missing', full('gone'), 'TABLE_NOT_FOUND'],
  ['an index that is missing', full('orders/x'), 'INDEX_NOT_FOUND'],
])('%s is refused and the file stays as it was', async (_, config, code) => {
  const before = await readFile(configPath, 'utf8');
  await expect(change({ select: [full('orders-2024'), config] })).rejects.toMatchObject({ code });
  expect(await readFile(configPath, 'utf8')).toBe(before);
});

test('several wrong tables are named together', async () => {
  await expect(change({ select: [full('gone'), full('orders', { projection: 'a' })] })).rejects.toThrow(
    /2 tables cannot be selected:\n {2}gone: .*\n {2}orders: /,
  );
});
