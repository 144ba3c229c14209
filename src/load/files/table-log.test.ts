import { rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { order } from '../../../test/support/load-samples.ts';
import { baseOf, behind, tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Destination } from '../destination.ts';
import { createFilesDestination } from './files.ts';
import { decodeLogEntry } from './log-entry.ts';
import { openTableFolders } from './table-folders.ts';
import { entryPath } from './table-log.ts';

let path: string;
const connect = (): Destination => createFilesDestination({ path }, { clock: systemClock });
const logFolder = (): string => join(path, 'shop', 'orders', '_log');
const dataNames = (version: number): Promise<string[]> =>
  readdir(join(path, 'shop', 'orders', 'data', `${version}-${baseOf(version)}`));

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'tributary-log-'));
});
afterEach(() => rm(path, { recursive: true }));

describe('two processes on one log', () => {
  it('both commit when their units differ, however their entries collide', async () => {
    const loader = tableLoader();
    const [one, other] = [connect(), connect()];
    await loader.begin(one, 1);
    const lanes = [await loader.open(one, 1, ['segment:0/2']), await loader.open(other, 1, ['segment:1/2'])];
    await Promise.all(
      lanes.map(async (lane, index) => {
        for (let n = 0; n < 10; n += 1) await lane.put([order(index * 100 + n)], n === 9 ? 'end' : behind(n));
      }),
    );
    // begin, two acquires, twenty appends: no hole, none lost.
    expect(await readdir(logFolder())).toEqual(
      Array.from({ length: 23 }, (_, n) => `${String(n + 1).padStart(10, '0')}.json`),
    );
    expect(await loader.finish(connect(), 1)).toEqual({ rowCount: 20, sweptRows: 0 });
  });

  it('fence each other when one takes over the units of the other', async () => {
    const loader = tableLoader({ totalSegments: 1 });
    const [zombie, successor] = [connect(), connect()];
    await loader.begin(zombie, 1);
    const lane = await loader.open(zombie, 1);
    await lane.put([order(1)], behind(1));
    await (await loader.open(successor, 1)).put([order(2)], 'end');
    const before = await dataNames(1);
    await expect(lane.put([order(3)], behind(3))).rejects.toMatchObject({ code: 'FENCED' });
    // What the zombie had written is gone again.
    expect(await dataNames(1)).toEqual(before);
    expect(await loader.finish(zombie, 1)).toEqual({ rowCount: 2, sweptRows: 0 });
    await expect(loader.finish(successor, 1)).rejects.toMatchObject({ code: 'FENCED' });
  });

  it('see what the other has finished', async () => {
    const loader = tableLoader();
    const [writer, reader] = [connect(), connect()];
    expect(await reader.runStore.readTables('shop')).toEqual([]);
    for (const version of [1, 2, 3]) {
      await loader.replace(writer, version, [order(version)]);
      expect(await reader.runStore.readTables('shop')).toMatchObject([{ liveVersion: version }]);
      expect(await reader.sample(loader.target, 1)).toEqual([expect.stringContaining(`"k${version}"`)]);
    }
  });
});

describe('a process that was asleep while old entries were removed', () => {
  it('is fenced when it looks at the log again', async () => {
    const loader = tableLoader({ totalSegments: 1 });
    await loader.replace(connect(), 1, [order(1)]);
    const zombie = connect();
    await loader.begin(zombie, 2);
    const lane = await loader.open(zombie, 2);
    const names = await readdir(logFolder());
    await loader.replace(connect(), 3, [order(3)]);
    for (const name of names.slice(1)) await rm(join(logFolder(), name));
    await expect(lane.put([order(2)], 'end')).rejects.toMatchObject({ code: 'FENCED' });
    expect(await connect().runStore.readTables('shop')).toMatchObject([{ liveVersion: 3 }]);
  });

  it('leaves no entry in the hole when it wakes up between looking and writing', async () => {
    const loader = tableLoader({ totalSegments: 1 });
    await loader.replace(connect(), 1, [order(1)]);
    const { log, table } = await openTableFolders(path).require(loader.target);
    const hole = entryPath(logFolder(), table.headSeq + 1);
    const write = log.append(() => {
      rmSync(entryPath(logFolder(), table.baseSeq));
      return { kind: 'reset', ledger: table.ledger, retired: [] };
    }, 0);
    await expect(write).rejects.toMatchObject({ code: 'FENCED' });
    expect(await readdir(logFolder())).not.toContain(basename(hole));
  });
});

describe('the log', () => {
  it('is read from its latest entry with the whole state, so older ones may be damaged or gone', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    await loader.replace(connect(), 2, [order(2)]);
    const names = await readdir(logFolder());
    for (const name of names.slice(1, -1)) await writeFile(join(logFolder(), name), 'damaged');
    expect(await connect().runStore.readTables('shop')).toMatchObject([{ liveVersion: 2, liveRowCount: 1 }]);
  });

  it.each([
    ['is no JSON', '{"format":1,'],
    ['is of a newer format', '{"format":3,"kind":"append"}'],
    ['has an odd position', '{"format":1,"kind":"begin","seq":1}'],
  ])('refuses an entry that %s, naming the file', async (_, text) => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    const next = entryPath(logFolder(), (await readdir(logFolder())).length + 1);
    await writeFile(next, text);
    const refusal = connect().runStore.readTables('shop');
    await expect(refusal).rejects.toMatchObject({ code: 'STATE_INVALID', message: expect.stringContaining(next) });
    expect(() => decodeLogEntry(text, next)).toThrow(next);
  });

  it('goes on from entries of format 1, which knew no streams', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    await loader.begin(connect(), 2);
    await (await loader.open(connect(), 2)).put([order(2)], behind(2));
    const before = await connect().runStore.readTables('shop');
    for (const name of await readdir(logFolder())) {
      const text = await readFile(join(logFolder(), name), 'utf8');
      expect(text).toContain('"format":2');
      await writeFile(join(logFolder(), name), JSON.stringify(ofFormat1(JSON.parse(text))));
    }
    expect(await connect().runStore.readTables('shop')).toEqual(before);
    expect(before).toMatchObject([{ liveVersion: 1, loading: { version: 2, placement: 'aside', stream: null } }]);
    const lane = await loader.open(connect(), 2);
    expect(lane.load.units.get('segment:0/2')).toMatchObject({ position: behind(2), shard: null });
    await lane.put([order(3)], 'end');
    await lane.commit('end', 'segment:1/2');
    expect(await loader.finish(connect(), 2)).toEqual({ rowCount: 2, sweptRows: 0 });
  });

  it('is not begun in a folder that holds something else', async () => {
    const loader = tableLoader();
    await loader.replace(connect(), 1, [order(1)]);
    await rm(logFolder(), { recursive: true });
    await expect(loader.begin(connect(), 1)).rejects.toMatchObject({ code: 'DESTINATION_NAME_TAKEN' });
  });
});

/** An entry as it was written before tables could follow streams. */
function ofFormat1(entry: { readonly ledger?: { readonly loading: unknown } }): unknown {
  const { loading, ...ledger } = entry.ledger ?? {};
  const added = new Set(['placement', 'stream', 'phase', 'shard', 'lastResyncAtMs']);
  const old = { ...entry, format: 1, ...(entry.ledger && { ledger: { ...ledger, building: loading } }) };
  return JSON.parse(JSON.stringify(old, (key, value: unknown) => (added.has(key) ? undefined : value)));
}
