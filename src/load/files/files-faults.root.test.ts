import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { order } from '../../../test/support/load-samples.ts';
import { baseOf, behind, tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Destination } from '../destination.ts';
import { createFilesDestination } from './files.ts';

const signal = new AbortController().signal;
let path: string;
let destination: Destination;

/** The user of the tests is root, whom file modes do not stop: only a small and a read-only mount do. */
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'tributary-tmpfs-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path]);
  destination = createFilesDestination({ path }, { clock: systemClock });
});
afterEach(async () => {
  execFileSync('umount', [path]);
  await rm(path, { recursive: true });
});

it('says that the disk is full, keeps nothing half-written, and goes on when there is space again', async () => {
  const loader = tableLoader({ totalSegments: 1 });
  await loader.begin(destination, 1);
  const lane = await loader.open(destination, 1);
  await lane.put([order(1)], behind(1));
  const folder = join(path, 'shop', 'orders', 'data', `1-${baseOf(1)}`);
  const before = await readdir(folder);
  const large = Array.from({ length: 20 }, (_, n) => ({ ...order(n), text: { S: 'x'.repeat(100_000) } }));
  await expect(lane.put(large, 'end')).rejects.toMatchObject({
    code: 'DESTINATION_FULL',
    message: expect.stringContaining(path),
    hint: expect.stringContaining('Free some space'),
  });
  expect(await readdir(folder)).toEqual(before);
  expect(await destination.runStore.readUnits('shop', 'orders')).toMatchObject([{ position: behind(1) }]);

  execFileSync('mount', ['-o', 'remount,size=16m', path]);
  const again = await loader.open(destination, 1);
  await again.put(large, 'end');
  expect(await loader.finish(destination, 1)).toEqual({ rowCount: 21, sweptRows: 0 });
});

it('keeps the bookmark when there is space for the rows but not for the entry of the log', async () => {
  const loader = tableLoader({ totalSegments: 1 });
  await loader.begin(destination, 1);
  const lane = await loader.open(destination, 1);
  await lane.write([order(1)]);
  await fillDisk();
  await expect(lane.commit('end')).rejects.toMatchObject({ code: 'DESTINATION_FULL' });
  await rm(join(path, 'filler'));
  expect(await destination.runStore.readUnits('shop', 'orders')).toMatchObject([{ position: 'start' }]);
  const folder = join(path, 'shop', 'orders', 'data', `1-${baseOf(1)}`);
  expect(await readdir(folder)).toEqual([]);
});

it('says that it is read-only, and still reads', async () => {
  const loader = tableLoader();
  await loader.replace(destination, 1, [order(1)]);
  execFileSync('mount', ['-o', 'remount,ro', path]);
  await expect(loader.begin(destination, 2)).rejects.toMatchObject({
    code: 'DESTINATION_READ_ONLY',
    message: expect.stringContaining(path),
  });
  const steps = [];
  for await (const step of destination.check({ signal })) steps.push(step);
  expect(steps).toMatchObject([{ status: 'failed', message: expect.stringContaining('read-only') }]);
  expect(await destination.runStore.readTables('shop')).toMatchObject([{ liveVersion: 1, liveRowCount: 1 }]);
  expect(await destination.sample(loader.target, 1)).toHaveLength(1);
});

it('finishes a version although there is no space for the list of its files, and writes that later', async () => {
  const loader = tableLoader();
  await loader.replace(destination, 1, [order(1)]);
  await loader.begin(destination, 2);
  const lane = await loader.open(destination, 2);
  await lane.write([order(1), order(2)]);
  await lane.commitAll(loader.units.map((unit) => ({ unit, to: 'end' })));
  await rm(join(path, 'shop', 'orders', 'live.json'));
  // A folder of that name cannot be replaced by a file, whoever runs this.
  execFileSync('mkdir', ['-p', join(path, 'shop', 'orders', 'live.json', 'in-the-way')]);
  expect(await loader.finish(destination, 2)).toEqual({ rowCount: 2, sweptRows: 0 });
  await rm(join(path, 'shop', 'orders', 'live.json'), { recursive: true });
  await loader.begin(destination, 3);
  expect(JSON.parse(await readFile(join(path, 'shop', 'orders', 'live.json'), 'utf8'))).toMatchObject({ version: 2 });
});

/** Leaves not a byte, but a place for names. */
async function fillDisk(): Promise<void> {
  const filler = join(path, 'filler');
  for (const bytes of [1 << 20, 4096, 1]) {
    for (;;) {
      try {
        await writeFile(filler, Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
