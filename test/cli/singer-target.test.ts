import type { EventEmitter } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FollowedShop, openFollowedShop } from './followed-shop.ts';

const TARGET = fileURLToPath(new URL('../support/stand-in-target.mjs', import.meta.url));

let shop: FollowedShop;
beforeEach(async () => {
  shop = await openFollowedShop();
  shop.put({ a: 1, b: 2 });
});
afterEach(async () => {
  await shop[Symbol.asyncDispose]();
});

/** Loads both tables into a stand-in target, as these arguments say. */
async function loadInto(args: readonly string[], { options = {}, tableOptions = '' } = {}): Promise<void> {
  const target = join(shop.folder, 'target');
  await writeFile(target, `#!/bin/sh\nexec "${process.execPath}" "${TARGET}" "$@"\n`, { mode: 0o755 });
  const destination = {
    type: 'singer-target',
    command: './target',
    args: ['--into', join(shop.folder, 'loaded.jsonl'), '--say', 'password test', ...args],
    config: { pin: '$'.concat('{SHOP_SECRET}') },
    ...options,
  };
  const yaml = await readFile(shop.config, 'utf8');
  await writeFile(
    shop.config,
    yaml
      .replace(/warehouse: \{.*\}/, `warehouse: ${JSON.stringify(destination)}`)
      .replace(/tables: .*/, `tables: { orders: { method: FULL_TABLE }, carts: { method: LOG_BASED${tableOptions} } }`),
  );
}

/** The last record of each key: its number, null where it says that it was deleted. */
async function loaded(stream: string): Promise<Readonly<Record<string, number | null>>> {
  const rows: Record<string, number | null> = {};
  for (const line of (await readFile(join(shop.folder, 'loaded.jsonl'), 'utf8')).trim().split('\n')) {
    const message: { readonly stream: string; readonly record?: Readonly<Record<string, unknown>> } = JSON.parse(line);
    if (message.stream !== stream || message.record === undefined) continue;
    const { pk, n, _sdc_deleted_at: deletedAt } = message.record;
    rows[String(pk)] = deletedAt == null ? Number(n) : null;
  }
  return rows;
}

test('tables are loaded and followed into a Singer target that confirms when its input ends, through one process', async () => {
  await loadInto(['--echo', 'eof'], { options: { settle_every: '300ms' } });
  let signals: EventEmitter | null = null;
  const steps = [
    ['carts: has caught up', () => shop.put({ a: 10, c: 3 })],
    ['carts: commits 2 rows', () => shop.simulator.tables.deleteItems('carts', [{ pk: { S: 'b' } }])],
    ['carts: commits 1 rows', () => signals?.emit('SIGTERM')],
  ] as const;
  let next = 0;
  const { exitCode, stdout, stderr } = await shop.run(['sync', '--follow', '--log-level', 'debug'], {
    onStart: (sender) => {
      signals = sender;
    },
    onStderr: (log) => {
      const step = steps[next];
      // The log has come as far as the step: what the one before has caused comes behind it.
      const seen = step === undefined ? -1 : log.indexOf(step[0], log.indexOf(steps[next - 1]?.[0] ?? ''));
      if (step === undefined || seen < 0) return;
      next += 1;
      step[1]();
    },
  });
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/\ncarts +loaded .*\norders +loaded +3 /);
  expect(await loaded('shop-carts')).toEqual({ a: 10, b: null, c: 3 });
  expect(await loaded('shop-orders')).toEqual({ k0: 0, k1: 1, k2: 2 });
  // Never two processes of it side by side.
  expect(stderr).not.toContain('still runs');

  shop.put({ d: 4 });
  expect((await shop.run(['sync'])).exitCode).toBe(0);
  expect(await loaded('shop-carts')).toEqual({ a: 10, b: null, c: 3, d: 4 });
});

test('what a Singer target says is in the log, its secrets are not; status and check say what it promises', async () => {
  await loadInto([]);
  const check = await shop.says('check');
  expect(check).toMatch(/Singer target .*target: A run starts .*; it was not started now\. .* at least once/);
  expect(check).toMatch(/The folder for bookmarks will be created and can be written/);
  const { exitCode, stderr } = await shop.run(['sync', '--log-level', 'debug']);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toMatch(/target - INFO target: password \*\*\*$/m);
  expect(stderr).not.toContain('password test');
  expect(await shop.says('status')).toMatch(
    /^shop -> warehouse \(at least once: after a failure rows may come again\)$/m,
  );
  expect(await shop.answer('status')).toMatchObject({ sources: [{ guarantee: 'at-least-once' }] });
});

test('a target that fails ends the run with its reason, and the next run goes on', async () => {
  await loadInto(['--exit-after', '2', '--exit', '9']);
  const failed = await shop.run(['sync']);
  expect(failed.exitCode).toBe(5);
  expect(failed.stderr).toMatch(/TARGET_FAILED/);
  expect(failed.stderr).toMatch(/target has ended with exit code 9/);
  await loadInto([]);
  const { exitCode, stderr } = await shop.run(['sync']);
  expect(exitCode, stderr).toBe(0);
  expect(await loaded('shop-carts')).toEqual({ a: 1, b: 2 });
  expect(await loaded('shop-orders')).toEqual({ k0: 0, k1: 1, k2: 2 });
});

test('a target that refuses its configuration ends the run with what it has said but no secrets', async () => {
  await loadInto(['--refuse', 'ValueError: No access with password test']);
  const { exitCode, stdout, stderr } = await shop.run(['sync']);
  expect(exitCode).toBe(5);
  expect(stdout).toMatch(
    /TARGET_REFUSES: .*target has ended with exit code 1, .*: ValueError: No access with password \*\*\*$/m,
  );
  expect(`${stdout}${stderr}`).not.toContain('password test');
});

test('check warns of two sources whose tables of one name a target may mix', async () => {
  await loadInto([]);
  expect(await shop.says('check')).not.toMatch(/mixes their rows/);
  const yaml = await readFile(shop.config, 'utf8');
  const source = /^ {2}shop:\n(?: {4}.*\n)+/m.exec(yaml)?.[0] ?? '';
  await writeFile(shop.config, yaml.replace(source, `${source}${source.replace('shop:', 'second:')}`));
  const check = await shop.says('check', '--source', 'second');
  expect(check).toMatch(
    /warning +Singer target warehouse: The sources second and shop both load a table orders into it/,
  );
});

test('a target that is not there, or a way to delete that it has not, is refused before anything is read', async () => {
  await loadInto([], { options: { command: './nowhere' } });
  const check = await shop.run(['check']);
  expect(check.exitCode).toBe(2);
  expect(check.stdout).toMatch(/failed +Singer target .*nowhere: There is no executable/);
  const before = shop.simulator.requests.count();
  const nowhere = await shop.run(['sync']);
  expect(nowhere.exitCode).toBe(2);
  expect(nowhere.stderr).toMatch(/There is no executable .*nowhere/);
  expect(shop.simulator.requests.count()).toBe(before);
  await loadInto([], { tableOptions: ', deletes: hard' });
  const hard = await shop.run(['sync']);
  expect(hard.exitCode).toBe(2);
  expect(hard.stderr).toMatch(/hard/);
});
