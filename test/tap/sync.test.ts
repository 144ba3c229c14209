import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTable } from '../support/simulated-table.ts';
import { callTap, catalogFor, messagesOf, openTapPlace, TAP_ENVIRONMENT, type TapPlace } from './run-tap.ts';

let place: TapPlace;
beforeEach(async () => {
  for (const [name, value] of Object.entries(TAP_ENVIRONMENT)) vi.stubEnv(name, value);
  place = await openTapPlace();
  for (const table of ['orders', 'customers']) createTable(place.simulator, table);
  place.simulator.tables.putItems('orders', [
    { pk: { S: 'a' }, name: { S: 'Ann' }, n: { N: '1.5' } },
    { pk: { S: 'b' }, name: { S: 'Bo' }, n: { N: '12345678901234567890.5' } },
  ]);
  place.simulator.tables.putItems('customers', [{ pk: { S: 'c' } }]);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await place[Symbol.asyncDispose]();
});

const FULL = { 'replication-method': 'FULL_TABLE' };

async function sync(
  streams: Readonly<Record<string, object>>,
  { config = {}, state }: { readonly config?: object; readonly state?: unknown } = {},
) {
  const catalog = catalogFor(
    Object.fromEntries(Object.entries(streams).map(([name, more]) => [name, { ...FULL, ...more }])),
  );
  const argv = [
    '--config',
    await place.config({ ...config }),
    '--properties',
    await place.file('catalog.json', catalog),
  ];
  if (state !== undefined) argv.push('--state', await place.file('state.json', state));
  const { exitCode, stdout, stderr } = await callTap(argv, place);
  return { exitCode, messages: messagesOf(stdout), stdout, stderr };
}

test('streams are written one after the other, in the order of the catalog, and counted for Singer', async () => {
  const { exitCode, messages, stderr } = await sync({ orders: {}, customers: {} });
  expect(exitCode, stderr).toBe(0);
  const order = messages
    .filter(({ type }) => type !== 'STATE')
    .map(({ type, stream }) => `${String(type)} ${String(stream)}`);
  const activated = ['SCHEMA', 'ACTIVATE_VERSION'];
  expect(order).toEqual([
    ...[...activated, 'RECORD', 'RECORD', 'ACTIVATE_VERSION'].map((type) => `${type} orders`),
    ...[...activated, 'RECORD', 'ACTIVATE_VERSION'].map((type) => `${type} customers`),
  ]);
  expect(messages.at(-1)).toMatchObject({
    type: 'STATE',
    value: {
      bookmarks: { orders: { success_timestamp: expect.any(String) }, customers: { version: expect.any(Number) } },
    },
  });
  expect(stderr).toContain(
    'INFO METRIC: {"type":"counter","metric":"record_count","value":2,"tags":{"endpoint":"orders"}}\n',
  );
  expect(stderr).toMatch(/^INFO METRIC: .*"job_duration".*"status":"succeeded"/m);
  expect(stderr).toMatch(/^INFO Starting sync of 2 streams, with the default AWS credentials and no role$/m);
  expect(stderr).toMatch(/^INFO Finished sync: 3 rows and 0 changes read in .* 0 throttles$/m);
  expect(stderr).not.toMatch(/Exit status|of source/);
});

test('attributes are chosen by projection and expression attributes', async () => {
  const projected = { 'tap-mongodb.projection': 'pk, #n', 'tap-dynamodb.expression-attributes': '"#n": "name"' };
  const { stdout } = await sync({ orders: projected });
  expect(stdout).toContain('"record":{"pk":"a","name":"Ann"}}\n');
});

test('a schema is inferred where it is asked for, and numbers keep all their digits', async () => {
  const { messages, stdout } = await sync({ orders: {} }, { config: { infer_schema: true } });
  expect(messages.find(({ type }) => type === 'SCHEMA')).toMatchObject({
    schema: { properties: { pk: { type: expect.anything() }, n: { format: 'singer.decimal' } } },
  });
  expect(stdout).toContain('"n":"12345678901234567890.5"');
});

test('rows come as batches where a folder is given for them, and as nothing else', async () => {
  const config = { batch_config: { storage: { root: `file://${place.folder}/batches`, prefix: 'tap-' } } };
  const { exitCode, messages, stderr } = await sync({ orders: {} }, { config });
  expect(exitCode, stderr).toBe(0);
  expect(messages.filter(({ type }) => type === 'RECORD')).toEqual([]);
  const batches = messages.filter(({ type }) => type === 'BATCH');
  expect(batches).toMatchObject([
    { stream: 'orders', encoding: { format: 'jsonl', compression: 'gzip' }, manifest: [expect.any(String)] },
  ]);
  const [url] = JSON.parse(JSON.stringify(batches[0]?.['manifest']));
  const lines = gunzipSync(await readFile(fileURLToPath(url))).toString();
  expect(messagesOf(lines)).toMatchObject([{ pk: 'a', name: 'Ann' }, { pk: 'b' }]);
});

test('a stream that fails does not stop the others; the most serious failure decides the exit code', async () => {
  const denied = { kind: 'access-denied' } as const;
  place.simulator.faults.add({ action: 'Scan', table: 'orders', times: 'always', fault: denied });
  const { exitCode, messages, stderr } = await sync({ orders: {}, customers: {} });
  expect(exitCode).toBe(3);
  expect(messages.some(({ type, stream }) => type === 'RECORD' && stream === 'customers')).toBe(true);
  expect(stderr).toMatch(
    /^ERROR orders: .*Allow it in a policy of the role that the config names.*\(ACCESS_DENIED\)$/m,
  );
  expect(stderr).toMatch(/^CRITICAL 1 of 2 streams not replicated\. .*\(TABLES_FAILED\)$/m);
});

test('a catalog that selects nothing is no error, but is said', async () => {
  const { exitCode, stdout, stderr } = await sync({ orders: { selected: false } });
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  expect(stderr).toMatch(/^WARNING The catalog selects no stream/);
});

test('a key that the table does not have is warned of', async () => {
  const { exitCode, messages, stderr } = await sync({ orders: { 'table-key-properties': ['name'] } });
  expect(exitCode).toBe(0);
  expect(messages[0]).toMatchObject({ type: 'SCHEMA', key_properties: ['name'] });
  expect(stderr).toMatch(/^WARNING orders: the catalog says the key is name, the table says pk/m);
});
