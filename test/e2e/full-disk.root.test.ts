import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { withDuckDb } from '../support/duckdb-live-rows.ts';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { DESTINATIONS, openShop, orders } from './troubled-shop.ts';

const mounted = new Set<string>();

/** The user of these tests is root, whom file modes do not stop: only a small and a read-only mount do. */
function mountDisk(path: string, size: string): void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
  mounted.add(path);
}
const remount = (path: string, options: string): void => {
  execFileSync('mount', ['-o', `remount,${options}`, path]);
};
function unmount(path: string): void {
  // Lazily: whatever a failed test has left open must not keep the mount.
  execFileSync('umount', ['-l', path]);
  mounted.delete(path);
}
afterAll(() => {
  for (const path of mounted) unmount(path);
});

/** Leaves so many bytes. */
function fill(disk: string, leftBytes: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
}

/** Text that does not get smaller. */
function incompressible(count: number, revision: number): readonly DynamoItem[] {
  return orders(count, { revision }).map((order) => ({ ...order, text: { S: randomBytes(500).toString('hex') } }));
}

const OLD = incompressible(300, 1);
const NEW = incompressible(4_000, 2);

/** A shop that loads its old items onto a disk of 24 MB. */
async function openSmallShop(destination: (typeof DESTINATIONS)[number]) {
  const shop = await openShop({ destination, items: OLD });
  mountDisk(shop.disk, '24m');
  return {
    ...shop,
    fillDisk: (leftBytes: number): void => fill(shop.disk, leftBytes),
    clearDisk: (): Promise<void> => rm(join(shop.disk, 'filler'), { force: true }),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      unmount(shop.disk);
      await shop[Symbol.asyncDispose]();
    },
  };
}

const KB = 1024;

describe.each(DESTINATIONS)('%s on a disk that gets full', (destination) => {
  // From the first byte of the new version to its last commit.
  test.each([0, 64 * KB, 600 * KB, 1_300 * KB, 2_000 * KB])(
    'with %d bytes left: says so, readers keep the old version, and with more space the next run finishes exactly',
    async (leftBytes) => {
      await using shop = await openSmallShop(destination);
      await shop.sync();
      shop.restock(NEW);
      shop.fillDisk(leftBytes);
      const run = await shop.tributary('sync');
      expect(run.exitCode, run.stderr).toBe(5);
      expect(run.stdout).toMatch(/^orders DESTINATION_FULL: .*\n {2}Fix: Free some space.*the next run resumes\.$/m);
      expect(run.stdout).toContain(shop.disk);
      await shop.expectLive(OLD);
      const status = await shop.tributary('status');
      expect(status.exitCode, status.stderr).toBe(0);

      await shop.clearDisk();
      await shop.sync();
      await shop.expectLive(NEW);
    },
  );

  test.each([0, 8 * KB, 100 * KB])('that has %d bytes left for a first load', async (leftBytes) => {
    await using shop = await openSmallShop(destination);
    shop.fillDisk(leftBytes);
    const run = await shop.tributary('sync');
    expect(run.exitCode, run.stderr).toBe(5);
    expect(run.stdout + run.stderr).toMatch(/DESTINATION_FULL: .*\n {2}Fix: Free some space/);
    await shop.clearDisk();
    await shop.sync();
    await shop.expectLive(OLD);
  });

  test('that becomes read-only: says so, can be read, and is loaded when it can be written again', async () => {
    await using shop = await openSmallShop(destination);
    await shop.sync();
    shop.restock(NEW);
    remount(shop.disk, 'ro');
    const run = await shop.tributary('sync');
    expect(run.exitCode, run.stderr).toBe(2);
    expect(run.stdout).toMatch(/^orders DESTINATION_READ_ONLY: .*\n {2}Fix: .*choose another path\.$/m);
    expect(run.stdout).toContain(shop.disk);
    const status = await shop.tributary('status');
    expect([status.exitCode, status.stdout]).toEqual([
      0,
      expect.stringMatching(/^orders +FULL_TABLE +shop\.orders +300 /m),
    ]);
    if (destination === 'files') await shop.expectLive(OLD);
    else {
      const [counted] = await withDuckDb(shop.place, (query) =>
        query('SELECT count(*)::INT, max(revision)::INT FROM shop.orders', []),
      );
      expect(counted).toEqual([300, 1]);
    }
    remount(shop.disk, 'rw');
    await shop.sync();
    await shop.expectLive(NEW);
  });
});

test('a home folder without space for the log does not stop a run', async () => {
  await using shop = await openShop({ items: OLD });
  const home = join(shop.folder, 'small-home');
  mountDisk(home, '64k');
  try {
    mkdirSync(join(home, 'logs'));
    fill(home, 0);
    const run = await shop.tributary('sync', '--home', home, '--log-level', 'DEBUG');
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toMatch(
      /WARNING The log of the run ends here: ENOSPC: no space left on device.*The run itself goes on/,
    );
    await shop.expectLive(OLD);

    await rm(join(home, 'filler'));
    const next = await shop.tributary('sync', '--home', home);
    expect(next.exitCode, next.stderr).toBe(0);
    expect(readFileSync(/^Log: (.*)$/m.exec(next.stdout)?.[1] ?? '', 'utf8')).toBe(next.stderr);
  } finally {
    unmount(home);
  }
});
