import { spawn } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createGate } from '../../src/simulator/gate.ts';
import { DESTINATIONS, openShop, orders, type Shop, saidError } from './troubled-shop.ts';

const PROGRAM = fileURLToPath(new URL('../../src/bin/tributary.ts', import.meta.url));

/** More than one page, so that there are eight segments. */
const OLD = orders(40);
const NEW = orders(2_400, { revision: 2, textBytes: 1_000 });

/** `tributary sync` in a process of its own. */
async function syncElsewhere(shop: Shop) {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, 'sync'], {
    env: { PATH: process.env['PATH'], ...shop.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [exitCode, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

describe('a run that is stopped in the middle', () => {
  test.each([
    { destination: 'duckdb', name: 'SIGINT' },
    { destination: 'files', name: 'SIGTERM' },
  ] as const)(
    'by $name ends with 130 and says how to go on; the next run reads only the rest ($destination)',
    async ({ destination, name }) => {
      await using shop = await openShop({ destination, items: OLD });
      await shop.sync();
      shop.restock(NEW);
      shop.simulator.requests.clear();
      const sent: { signals?: EventEmitter } = {};
      const unhook = shop.simulator.onRequest(({ action }) => {
        if (action === 'Scan' && shop.simulator.requests.scans('orders').length === 9) sent.signals?.emit(name);
      });
      const run = await shop.watchedSync({
        onStart: (signals) => {
          sent.signals = signals;
        },
      });
      unhook();
      expect(run.exitCode).toBe(130);
      expect(run.stderr).toContain('Stopping at the next durable bookmark; press Ctrl-C again to quit at once\n');
      expect(saidError(run)).toBe(
        'stopped CANCELLED: The run was stopped with 1 of 1 table of source shop not replicated\n' +
          '  Run the same command again: it goes on from the last durable bookmark\n',
      );
      expect(run.stdout).toMatch(/^orders +stopped /m);
      await shop.expectLive(OLD);
      const status = await shop.tributary('status', '--json');
      const { segments_done: done } = jsonAt(status.stdout, 'sources', 0, 'tables', 0, 'building');
      expect(done).toBeGreaterThan(0);

      shop.simulator.requests.clear();
      await shop.sync();
      await shop.expectLive(NEW);
      // Each of the others is one page here.
      const scanned = shop.simulator.requests.scans('orders').map(({ segment }) => segment);
      expect({ calls: scanned.length, segments: new Set(scanned).size }).toEqual({
        calls: 8 - done,
        segments: 8 - done,
      });
    },
  );
});

/** What a JSON document has at the place. */
function jsonAt(json: string, ...place: readonly (string | number)[]) {
  return place.reduce((value, step) => value[step], JSON.parse(json));
}

describe('two processes that load one source at the same time', () => {
  test.each(DESTINATIONS)('no row is lost or doubled, and the one that lost says so (%s)', async (destination) => {
    await using shop = await openShop({ destination, items: OLD });
    await shop.sync();
    shop.restock(NEW);
    shop.simulator.requests.clear();
    // The first stands in the middle of its Scan until the second has taken the table over and reads it as well.
    const gate = createGate();
    let held = 0;
    const unhook = shop.simulator.onRequest(async ({ action, table }) => {
      if (action !== 'Scan' || table !== 'orders') return;
      const count = shop.simulator.requests.scans('orders').length;
      if (count > 4 && count <= 7) {
        held += 1;
        await gate.pass();
      } else if (count > 10) gate.open();
    });
    const first = shop.tributary('sync');
    await gate.reached;
    const second = syncElsewhere(shop);
    const [lost, won] = await Promise.all([first, second]);
    unhook();
    expect(held).toBe(3);
    expect(won.exitCode, won.stderr).toBe(0);
    expect({ exitCode: lost.exitCode, said: saidError(lost) }).toEqual({
      exitCode: 5,
      said:
        'error FENCED: 1 of 1 table of source shop not replicated: another process has taken over\n' +
        '  Fix: Run again when no other process replicates the table; a `sync --follow` that still runs is to be stopped first.\n',
    });
    expect(lost.stdout).toMatch(/^orders FENCED: .*\n {2}Fix: Run again/m);
    await shop.expectLive(NEW);

    const newest = orders(60, { revision: 3 });
    shop.restock(newest);
    const next = await shop.tributary('sync', '--allow-shrink');
    expect(next.exitCode, next.stderr).toBe(0);
    await shop.expectLive(newest);
  });
});
