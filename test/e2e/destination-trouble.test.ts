import { type ChildProcess, spawn } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShop, orders, type Shop, saidError } from './troubled-shop.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
  await shop.sync();
});
afterAll(() => shop[Symbol.asyncDispose]());

/** Another program that has the DuckDB file open, until its stdin ends. */
async function holdFile(): Promise<ChildProcess> {
  const script = `
    import { DuckDBInstance } from '@duckdb/node-api';
    const instance = await DuckDBInstance.create(process.argv[1]);
    process.stdout.write('open');
    for await (const _ of process.stdin);
    instance.closeSync();`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script, shop.place], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
}

async function letGo(holder: ChildProcess): Promise<void> {
  holder.stdin?.end();
  await once(holder, 'exit');
}

describe('a DuckDB file that another program has open', () => {
  test('is waited for, then given up: the message says who holds it, and what readers see stays', async () => {
    const holder = await holdFile();
    const held = await shop.fingerprint();
    await shop.configure({ destination: { lock_wait: '100ms' } });
    const newer = orders(70, { revision: 2 });
    shop.restock(newer);
    const run = await shop.tributary('sync');
    const who = `${process.execPath} (PID ${holder.pid})`;
    expect({ exitCode: run.exitCode, said: saidError(run) }).toEqual({
      exitCode: 5,
      said:
        `error DESTINATION_LOCKED: ${shop.place} is held open by ${who}\n` +
        `  Fix: Close ${who}, or let it read the copy configured by \`publish\`.\n`,
    });
    expect(run.stderr).toContain(`target - WARNING Waiting for ${shop.place}, which ${who} has open`);
    expect(await shop.fingerprint()).toBe(held);
    await letGo(holder);
    await shop.expectLive(orders(50));
    await shop.sync();
    await shop.expectLive(newer);
  });

  test('is loaded when the other lets go in time', async () => {
    const holder = await holdFile();
    await shop.configure({ destination: { lock_wait: '1m' } });
    const newer = orders(80, { revision: 3 });
    shop.restock(newer);
    let released: Promise<void> | null = null;
    const run = await shop.watchedSync({
      onStderr: (stderr) => {
        if (stderr.includes('Waiting for')) released ??= letGo(holder);
      },
    });
    await released;
    expect(run.exitCode, run.stderr).toBe(0);
    await shop.expectLive(newer);
  });

  test('is not waited for any longer once the run is stopped by hand', async () => {
    const holder = await holdFile();
    await shop.configure({ destination: { lock_wait: '10m' } });
    let signals: EventEmitter | null = null;
    const run = await shop.watchedSync({
      onStart: (sender) => {
        signals = sender;
      },
      onStderr: (stderr) => {
        if (stderr.includes('Waiting for')) signals?.emit('SIGINT');
      },
    });
    expect(run.exitCode, run.stderr).toBe(130);
    await letGo(holder);
  });

  test('in the middle of a run: what is durable stays, and the next run goes on', async () => {
    const items = orders(3_000, { revision: 4, textBytes: 1_000 });
    shop.restock(items);
    await shop.configure({ destination: { lock_wait: '100ms' } });
    let holder: ChildProcess | null = null;
    shop.simulator.requests.clear();
    const unhook = shop.simulator.onRequest(async ({ action }) => {
      if (action === 'Scan' && shop.simulator.requests.scans('orders').length === 6) holder = await holdFile();
    });
    const run = await shop.tributary('sync');
    unhook();
    if (holder === null) throw new Error('Nobody held the file');
    expect(run.exitCode).toBe(5);
    expect(run.stdout).toMatch(
      /orders DESTINATION_LOCKED: .*warehouse\.duckdb is held open by .* \(PID \d+\)\n {2}Fix: Close /,
    );
    await letGo(holder);
    await shop.expectLive(orders(80, { revision: 3 }));
    const next = await shop.tributary('sync');
    expect(next.exitCode, next.stderr).toBe(0);
    expect(next.stderr).toContain('orders: resumes version');
    await shop.expectLive(items);
  });
});

describe('a destination that is not what it should be', () => {
  const TEXT = 'This is a letter and no database. '.repeat(500);

  test.each([
    {
      name: 'a file that is no DuckDB file',
      path: 'letter.txt',
      error: 'DESTINATION_INVALID: The file is not a DuckDB database, or it is damaged: PATH',
      fix: 'Choose another path, or restore the file from a backup.',
    },
    {
      name: 'a folder',
      path: 'folder',
      error: 'DESTINATION_INVALID: The path is a folder, not a DuckDB file: PATH',
      fix: 'Name a file in it.',
    },
    {
      name: 'a path through a file',
      path: 'letter.txt/warehouse.duckdb',
      error: 'DESTINATION_INVALID: A part of the path is a file where a folder should be: PATH',
      fix: 'Choose another path.',
    },
  ])('DuckDB: $name is refused and left as it is', async ({ path, error, fix }) => {
    await writeFile(join(shop.folder, 'letter.txt'), TEXT);
    await mkdir(join(shop.folder, 'folder'), { recursive: true });
    const full = join(shop.folder, path);
    await shop.configure({ destination: { path: full } });
    const run = await shop.tributary('sync');
    expect({ exitCode: run.exitCode, said: saidError(run) }).toEqual({
      exitCode: 4,
      said: `error ${error.replace('PATH', full)}\n  Fix: ${fix}\n`,
    });
    const check = await shop.tributary('check');
    expect([check.exitCode, check.stdout]).toEqual([2, expect.stringContaining(`Fix: ${fix}`)]);
    expect(await readFile(join(shop.folder, 'letter.txt'), 'utf8')).toBe(TEXT);
  });

  test('files: a path that is a file is refused and left as it is', async () => {
    const path = join(shop.folder, 'letter.txt');
    await writeFile(path, TEXT);
    await shop.configure({ destination: { type: 'files', path } });
    const run = await shop.tributary('sync');
    expect(run.exitCode).toBe(4);
    expect(run.stdout).toMatch(
      /orders DESTINATION_INVALID: .*letter\.txt.* is not what it should be: ENOTDIR.*\n {2}Fix: Choose the path of a folder/,
    );
    expect(await readFile(path, 'utf8')).toBe(TEXT);
  });

  test('folders that are missing are made', async () => {
    await using fresh = await openShop();
    for (const destination of [
      { type: 'duckdb', path: join(fresh.folder, 'a/b/warehouse.duckdb') },
      { type: 'files', path: join(fresh.folder, 'c/d') },
    ]) {
      await fresh.configure({ destination });
      await fresh.sync();
    }
  });

  test('a home folder that cannot be made is said, and nothing is read', async () => {
    await shop.configure();
    await writeFile(join(shop.folder, 'letter.txt'), TEXT);
    shop.simulator.requests.clear();
    const home = join(shop.folder, 'letter.txt');
    const run = await shop.tributary('sync', '--home', home);
    expect({ exitCode: run.exitCode, said: saidError(run) }).toEqual({
      exitCode: 2,
      said:
        `error CONFIG_UNWRITABLE: The folder for logs cannot be used: ENOTDIR: not a directory, mkdir '${home}/logs'\n` +
        '  Fix: Choose another folder with --home, or correct its permissions.\n',
    });
    expect(shop.simulator.requests.all()).toEqual([]);
  });
});
