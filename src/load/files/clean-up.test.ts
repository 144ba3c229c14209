import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { order } from '../../../test/support/load-samples.ts';
import { baseOf, behind, tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import { cleanUp, KEPT_MS } from './clean-up.ts';
import { createFilesDestination } from './files.ts';
import { openTableFolders } from './table-folders.ts';

const now = Date.now();
const long = new Date(now - 2 * KEPT_MS);
const later = now + 2 * KEPT_MS;
let path: string;
const folder = (...names: string[]): string => join(path, 'shop', 'orders', ...names);
const nameOf = (version: number): string => `${version}-${baseOf(version)}`;
const dataOf = (version: number): string => join('data', nameOf(version));
const connect = () => createFilesDestination({ path }, { clock: systemClock });
const tidy = async (nowMs: number): Promise<void> => {
  const { log, table } = await openTableFolders(path).require({ source: 'shop', table: 'orders' });
  await cleanUp(log, table, nowMs);
};

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'tributary-clean-up-'));
});
afterEach(() => rm(path, { recursive: true }));

describe('clean-up', () => {
  it('keeps the version that readers may still read for an hour after the swap, however old its files are', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    for (const name of await readdir(folder(dataOf(1)))) await utimes(folder(dataOf(1), name), long, long);
    await utimes(folder(dataOf(1)), long, long);
    await loader.begin(connect(), 2);
    await (await loader.open(connect(), 2)).commitAll(loader.units.map((unit) => ({ unit, to: 'end' })));
    await loader.finish(connect(), 2, { nowMs: now, allowShrink: true });
    await tidy(now + KEPT_MS - 1);
    expect(await readdir(folder('data'))).toEqual([1, 2].map(nameOf));
    await tidy(now + KEPT_MS + 1);
    expect(await readdir(folder('data'))).toEqual([nameOf(2)]);
  });

  it('removes old files that no entry names only when their claim has lost all of its units', async () => {
    const loader = tableLoader();
    await loader.begin(connect(), 1);
    const lane = await loader.open(connect(), 1);
    await lane.put([order(1)], behind(1));
    const [named = ''] = await readdir(folder(dataOf(1)));
    const orphan = named.replace('-1.jsonl', '-2.jsonl');
    await writeFile(folder(dataOf(1), orphan), '');
    await tidy(later);
    expect(await readdir(folder(dataOf(1)))).toEqual([named, orphan]);

    await loader.open(connect(), 1, ['segment:0/2']);
    await tidy(later);
    expect(await readdir(folder(dataOf(1)))).toEqual([named, orphan]);

    await loader.open(connect(), 1, ['segment:1/2']);
    await tidy(now);
    expect(await readdir(folder(dataOf(1)))).toEqual([named, orphan]);
    await tidy(later);
    expect(await readdir(folder(dataOf(1)))).toEqual([named]);
  });

  it('removes entries that no reader needs, but never the first, and files that were never finished', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    await loader.replace(connect(), 2, [order(2)]);
    await writeFile(folder('_log', 'left.tmp'), '');
    const before = await readdir(folder('_log'));
    await tidy(now);
    expect(await readdir(folder('_log'))).toEqual(before);
    await tidy(later);
    expect(await readdir(folder('_log'))).toEqual(['0000000001.json', '0000000008.json']);
    expect(await connect().runStore.readTables('shop')).toMatchObject([{ liveVersion: 2 }]);
    await loader.replace(connect(), 3, [order(3)]);
    expect(await connect().runStore.readTables('shop')).toMatchObject([{ liveVersion: 3 }]);
  });

  it('removes the folder of a version that a process without units has made anew', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 7, [order(1)]);
    await rm(folder('data', '3'), { recursive: true, force: true });
    await writeFile(folder('data', '3'), '');
    await tidy(now);
    expect(await readdir(folder('data'))).toEqual(['3', nameOf(7)]);
    await tidy(later);
    expect(await readdir(folder('data'))).toEqual([nameOf(7)]);
  });
});
