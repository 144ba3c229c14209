import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTable } from '../support/simulated-table.ts';
import { callTap, catalogFor, openTapPlace, runTap, TAP_ENVIRONMENT, type TapPlace } from './run-tap.ts';

let place: TapPlace;
beforeEach(async () => {
  for (const [name, value] of Object.entries(TAP_ENVIRONMENT)) vi.stubEnv(name, value);
  place = await openTapPlace();
  createTable(place.simulator, 'orders');
  const keysOnly = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } };
  createTable(place.simulator, 'keys-only', keysOnly);
  createTable(place.simulator, 'no-stream');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await place[Symbol.asyncDispose]();
});

const FULL = { 'replication-method': 'FULL_TABLE' };
const LOG = { 'replication-method': 'LOG_BASED' };

/** The errors on stderr of a run that is expected to write nothing. */
async function refusal(argv: readonly string[]): Promise<{ readonly exitCode: number | null; readonly said: string }> {
  const { exitCode, stdout, stderr } = await callTap(argv, place);
  expect(stdout).toBe('');
  const lines = stderr.split('\n').filter((line) => line !== '');
  expect(lines.filter((line) => !/^(INFO|CRITICAL) /.test(line))).toEqual([]);
  return { exitCode, said: lines.filter((line) => line.startsWith('CRITICAL ')).join('\n') };
}

async function refusedSync({
  catalog = catalogFor({ orders: FULL }),
  state = '{}',
}: {
  readonly catalog?: object;
  readonly state?: unknown;
}) {
  const files = [
    ...['--config', await place.config(), '--catalog', await place.file('catalog.json', catalog)],
    ...['--state', await place.file('state.json', state)],
  ];
  return await refusal(files);
}

test('config keys that are missing are all named', async () => {
  const config = await place.file('config.json', { region_name: 'us-east-1', external_id: 'x' });
  const said =
    'CRITICAL The config cannot be used: missing required keys: account_id, role_name. ' +
    'Give all keys of the role; or none of them, to read with the default AWS credentials; ' +
    'or `endpoint` or `use_local_dynamo`, which need no role (CONFIG_INVALID)';
  expect(await refusal(['--config', config, '--discover'])).toEqual({ exitCode: 2, said });
  // The same as a process of its own.
  const ended = await runTap(['--config', config, '--discover']);
  expect(ended).toEqual({ exitCode: 2, signal: null, stdout: '', stderr: `${said}\n` });
});

test('files that are no JSON, or are not there, are named with the place and without their content', async () => {
  const config = await place.file('broken.json', '{\n  "external_id": "s3cret",\n}');
  const catalog = await place.file('catalog.json', 'streams: []');
  const [ofConfig, ofCatalog, ofState, missing] = await Promise.all([
    refusal(['--config', config, '--discover']),
    refusal(['--config', await place.config(), '--catalog', catalog]),
    refusedSync({ state: '' }),
    refusal(['--config', `${place.folder}/none.json`, '--discover']),
  ]);
  expect(ofConfig).toMatchObject({ exitCode: 2, said: expect.stringContaining(`${config} is no JSON`) });
  expect(ofConfig?.said).not.toContain('s3cret');
  expect(ofCatalog).toMatchObject({ exitCode: 2, said: expect.stringContaining(`${catalog} is no JSON`) });
  expect(ofState).toMatchObject({ exitCode: 4, said: expect.stringContaining('no state of tap-dynamodb') });
  expect(missing).toMatchObject({ exitCode: 2, said: expect.stringContaining('none.json cannot be read') });
});

test('a catalog that cannot be used is refused by stream and key, all of it at once', async () => {
  const catalog = catalogFor({ orders: { 'replication-method': 'INCREMENTAL' }, customers: { ...FULL, selected: 7 } });
  expect(await refusedSync({ catalog })).toEqual({
    exitCode: 2,
    said: [
      'CRITICAL The catalog cannot be used:',
      'CRITICAL - orders: replication-method: expected FULL_TABLE or LOG_BASED',
      'CRITICAL - customers: selected: expected true or false',
      'CRITICAL Correct the stream and key that the message names, or write the catalog again with `tap-dynamodb --discover`. (CATALOG_INVALID)',
    ].join('\n'),
  });
});

test('tables that are not there, streams without images and wrong projections are found before anything is written', async () => {
  const catalog = catalogFor({
    ...{ orders: FULL, gone: FULL, 'keys-only': LOG, 'no-stream': LOG },
    projected: { ...FULL, 'tap-mongodb.projection': 'pk, #n' },
  });
  createTable(place.simulator, 'projected');
  const { exitCode, said } = await refusedSync({ catalog });
  expect(exitCode).toBe(2);
  const [head, gone, keysOnly, noStream, projected] = said.split('\n');
  expect(head).toBe('CRITICAL 4 streams cannot be replicated:');
  expect(gone).toMatch(
    / - .*gone failed: there is no such table.*Compare the catalog with the output of `tap-dynamodb --discover`; check region_name$/,
  );
  expect(keysOnly).toContain(
    ' - keys-only cannot be LOG_BASED: its stream has the view type KEYS_ONLY, which lacks the new item',
  );
  expect(noStream).toContain(' - no-stream cannot be LOG_BASED: it has no stream');
  expect(projected).toContain(' - projected: The projection is not valid at character 5');
});

test('a state of another version, and one that is none, are not gone on with', async () => {
  const orders = { tributary: JSON.stringify({ format: 99 }), version: 1, last_replication_method: 'FULL_TABLE' };
  const [config, missing] = [await place.config(), `${place.folder}/none.json`];
  const catalog = await place.file('catalog.json', catalogFor({ orders: FULL }));
  const withState = (path: string) => refusal(['--config', config, '--catalog', catalog, '--state', path]);
  const [ofConfig, notThere] = [await withState(config), await withState(missing)];
  expect(ofConfig.exitCode).toBe(4);
  expect(ofConfig.said).toContain(`The file ${config} is no state of tap-dynamodb: expected {}, or an object with`);
  expect(notThere).toMatchObject({ exitCode: 4, said: expect.stringContaining(`${missing} cannot be read`) });
  const [newer, none] = await Promise.all([
    refusedSync({ state: { bookmarks: { orders } } }),
    refusal([
      ...['--config', await place.config(), '--catalog', await place.file('other.json', catalogFor({ orders: FULL }))],
      ...['--state', await place.file('list.json', { bookmarks: [] })],
    ]),
  ]);
  expect(newer).toMatchObject({ exitCode: 4, said: expect.stringMatching(/^CRITICAL .*orders.*\(STATE_INVALID\)$/) });
  expect(none).toMatchObject({ exitCode: 4, said: expect.stringMatching(/bookmarks: .*\(STATE_INVALID\)$/) });
});

test('a folder of batches that cannot be written is found before a table is read', async () => {
  const file = await place.file('file', '');
  const config = await place.config({ batch_config: { storage: { root: `${file}/batches` } } });
  const catalog = await place.file('catalog.json', catalogFor({ orders: FULL }));
  const { exitCode, said } = await refusal(['--config', config, '--catalog', catalog]);
  expect({ exitCode, said }).toEqual({ exitCode: 2, said: expect.stringContaining(`${file}/batches`) });
  expect(place.simulator.requests.count()).toBe(0);
});

test('a command that is none gets the usage', async () => {
  const { exitCode, stdout, stderr } = await callTap(['--config', await place.config()], place);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^Usage: tap-dynamodb --config FILE --discover\n.*\ntap-dynamodb: nothing to do: /);
});
