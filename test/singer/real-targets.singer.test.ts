import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { compareExactly, exact } from '../support/exact.ts';
import { startSync } from '../support/running-sync.ts';
import { scanAll } from '../support/sdk-items.ts';
import { type LocalTables, startLocalTables } from './local-tables.ts';
import { REAL_TARGETS, type RealTarget, type RealTargetName } from './real-targets.ts';
import { LOCAL_CONFIG, LOCAL_KEYS, ourTap, REGION, type SingerState, tapFlags } from './run-tap.ts';
import { catalogOf, type SelectedTable } from './tap-catalog.ts';
import { targetItem, targetKey } from './target-items.ts';

const NAMES = ['jsonl', 'postgres', 'duckdb'] as const satisfies readonly RealTargetName[];
const KEY = ['tenant', 'number'];
const COUNT = 200;
const FOLLOWED = { name: 'followed', key: KEY, method: 'LOG_BASED' };
const BOTH = [FOLLOWED, { name: 'whole', key: KEY, method: 'FULL_TABLE' }];

let tables: LocalTables;
/** The first number that no item has had yet. */
let next = COUNT;
let folder: string;
let opened: RealTarget | undefined;
beforeAll(async () => {
  tables = await startLocalTables();
  for (const name of ['followed', 'whole']) {
    await tables.create({ name, key: { tenant: 'S', number: 'N' } });
    if (name === 'followed') await tables.enableStream(name);
    await tables.put(
      name,
      Array.from({ length: COUNT }, (_, number) => targetItem(number)),
    );
  }
});
afterAll(() => tables.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-target-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await opened?.stop();
  opened = undefined;
  rmSync(folder, { recursive: true });
});

interface Deleted {
  /** A row of the first load. */
  readonly loaded: number;
  /** Put and deleted between two runs. */
  readonly unseen: number;
}

/** Puts, changes and deletes items of both tables. */
async function change(): Promise<Deleted> {
  const number = next;
  next += 2;
  const deleted = { loaded: number - COUNT, unseen: number + 1 };
  for (const name of ['followed', 'whole']) {
    await tables.put(name, [targetItem(number), targetItem(deleted.unseen)]);
    await tables.put(name, [{ ...targetItem(number), text: { S: 'changed' }, [`new_${number}`]: { S: 'new' } }]);
    await tables.delete(name, Object.values(deleted).map(targetKey));
  }
  return deleted;
}

describe.each(NAMES)('target-%s', (name) => {
  test('is loaded by our tap through a pipe, again and again, from the state that it gave back', async () => {
    const target = await open(name);
    const state = await runPipe(target, {});
    await expectSame(target, { prefix: '', deleted: null });
    // It has nothing to tell, yet its state must arrive: that is how old the table is known to be.
    const quiet = await runPipe(target, { state, selected: [FOLLOWED] });
    expect(successOf(quiet)).toBeGreaterThan(successOf(state));
    const deleted = await change();
    await runPipe(target, { state: quiet });
    await expectSame(target, { prefix: '', deleted });
  });

  test('is loaded by `tributary sync` as a destination, twice', async () => {
    const target = await open(name);
    await syncInto(target);
    await expectSame(target, { prefix: 'shop-', deleted: null });
    const deleted = await change();
    await syncInto(target);
    await expectSame(target, { prefix: 'shop-', deleted });
  });
});

test('target-postgres takes the files of BATCH messages, and ACTIVATE_VERSION leaves their rows', async () => {
  const target = await open('postgres');
  const storage = { root: pathToFileURL(join(folder, 'batches')).href, prefix: 'of-test-' };
  const settings = { batch_config: { encoding: { format: 'jsonl', compression: 'gzip' }, storage } };
  const state = await runPipe(target, { settings });
  await expectSame(target, { prefix: '', deleted: null });
  expect(readdirSync(join(folder, 'batches')).length).toBeGreaterThan(0);
  const deleted = await change();
  await runPipe(target, { state, settings });
  await expectSame(target, { prefix: '', deleted });
});

async function open(name: RealTargetName): Promise<RealTarget> {
  opened = await REAL_TARGETS[name](folder);
  return opened;
}

async function expectSame(
  { read, activatesVersions }: RealTarget,
  { prefix, deleted }: { readonly prefix: string; readonly deleted: Deleted | null },
): Promise<void> {
  const textOf = (number: number): string => JSON.stringify([`tenant ${number % 5} ü`, `${number}`]);
  for (const table of ['followed', 'whole']) {
    const items = await scanAll(tables.client, table);
    const rows = await read(`${prefix}${table}`, KEY);
    const attributes = [...new Set(items.flatMap((item) => Object.keys(item)))];
    const columns = attributes.map((attribute) => ({ attribute, column: attribute, type: { kind: 'text' } as const }));
    // Nothing tells a target that knows no versions that a row of a table that is read as a whole is gone.
    const keepsRow = table === 'whole' && deleted !== null && !activatesVersions;
    const unexpected = keepsRow ? [textOf(deleted.loaded)] : [];
    expect({ table, ...compareExactly({ items, rows: rows.present, columns, key: KEY }) }).toEqual({
      ...{ table, ...exact(items.length) },
      ...{ destinationRows: items.length + unexpected.length, unexpected },
    });
    if (table !== 'followed' || deleted === null) continue;
    const marked = rows.deleted.map((row) => JSON.stringify(KEY.map((name) => row[name])));
    expect(marked).toEqual(expect.arrayContaining([textOf(deleted.loaded), textOf(deleted.unseen)]));
  }
}

/** Runs our tap and the target as a shell does; resolves to the last state that the target gave back. */
async function runPipe(
  { command, config }: RealTarget,
  run: { readonly state?: string; readonly settings?: object; readonly selected?: readonly SelectedTable[] },
): Promise<string> {
  const { state, settings, selected = BOTH } = run;
  const tap = ourTap();
  const path = (file: string): string => join(folder, file);
  writeFileSync(path('target.json'), JSON.stringify(config));
  const files = {
    config: { ...LOCAL_CONFIG, infer_schema: true, ...settings },
    catalog: catalogOf(selected),
    ...(state === undefined ? {} : { state }),
  };
  const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');
  const tapWords = quoted([tap.command, ...tap.args, ...tapFlags(folder, files)]);
  const targetWords = quoted([command, '--config', path('target.json')]);
  const script = `set -o pipefail; ${tapWords} 2>'${path('tap.log')}' | ${targetWords} >'${path('echo')}' 2>'${path('target.log')}'`;
  const shell = spawn('bash', ['-c', script], { env: { ...process.env, ...LOCAL_KEYS }, stdio: 'ignore' });
  const [code] = await once(shell, 'exit');
  const logs = ['tap.log', 'target.log'].map((log) => readFileSync(path(log), 'utf8'));
  expect({ code, logs: code === 0 ? [] : logs }).toEqual({ code: 0, logs: [] });
  return readFileSync(path('echo'), 'utf8').trim().split('\n').at(-1) ?? '';
}

/** When the followed table was last read to its end. */
function successOf(state: string): number {
  const { bookmarks }: SingerState = JSON.parse(state);
  return Date.parse(bookmarks?.['followed']?.success_timestamp ?? '');
}

async function syncInto({ command, config, activatesVersions }: RealTarget): Promise<void> {
  // Secrets stand in the environment: they are refused as plain text.
  const { password } = config;
  vi.stubEnv('TARGET_PASSWORD', String(password));
  const secrets = password === undefined ? {} : { password: `\${TARGET_PASSWORD}` };
  const warehouse = {
    ...{ type: 'singer-target', command, config: { ...config, ...secrets } },
    activate_version: activatesVersions,
  };
  const shop = {
    ...{ region: REGION, endpoint: tables.dynamo.endpoint, destination: 'warehouse' },
    credentials: { access_key_id: 'LOCAL', secret_access_key: `\${SHOP_SECRET}` },
    tables: { followed: { method: 'LOG_BASED' }, whole: { method: 'FULL_TABLE' } },
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'tributary.yaml'), JSON.stringify({ sources: { shop }, destinations: { warehouse } }));
  const sync = startSync(folder);
  const [code] = await sync.exited;
  expect({ code, log: code === 0 ? [] : sync.log }).toEqual({ code: 0, log: [] });
}
