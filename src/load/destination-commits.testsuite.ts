import { describe, expect, it } from 'vitest';
import { order } from '../../test/support/load-samples.ts';
import { baseOf, behind, type TableLoader, tableLoader } from '../../test/support/table-loader.ts';
import { neverAborted, type Subject } from '../../test/support/test-place.ts';

/** Rows and bookmarks become durable together, and only for the one that holds the units. */
export function testCommits(subject: () => Subject, isTransactional: boolean): void {
  describe('loading a version', () => {
    if (isTransactional) {
      it('shows it to readers when it is finished, not before, with its metadata', async () => {
        const loader = tableLoader();
        await loader.begin(subject().destination, 1);
        expect(await subject().stateOf(loader)).toMatchObject({
          phase: 'new',
          liveVersion: 0,
          liveRowCount: 0,
          liveSinceMs: null,
        });
        expect(await subject().stateOf(loader)).toMatchObject({
          destinationSchema: 'shop',
          destinationTable: 'orders',
          highestBase: baseOf(1),
          loading: {
            version: 1,
            base: baseOf(1),
            identity: 'table-id-1',
            layout: 'layout-1',
            totalSegments: 2,
            rowCount: 0,
          },
        });
        expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/2': 'start', 'segment:1/2': 'start' });

        const lane = await loader.open(subject().destination, 1);
        expect(await lane.put([order(1), order(2)], behind(2))).toEqual({
          receipt: 'durable',
          upsertedRows: 2,
          deletedRows: 0,
          compactedRows: 0,
          supersededRows: 0,
          rejectedRows: 0,
        });
        expect((await subject().stateOf(loader))?.loading?.rowCount).toBe(2);
        await lane.put([order(3)], 'end');
        await lane.commit('end', 'segment:1/2');
        expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/2': 'end', 'segment:1/2': 'end' });
        expect(await subject().live(loader)).toBeNull();
        await lane.load.close();
        expect(await loader.finish(subject().destination, 1)).toEqual({ rowCount: 3, sweptRows: 0 });

        await subject().expectLive(loader, [order(1), order(2), order(3)]);
        for (const row of (await subject().live(loader)) ?? []) {
          expect(row).toMatchObject({ sequence: baseOf(1), tableVersion: 1, receivedAtMs: row.extractedAtMs + 1 });
          expect(row.batchedAtMs).toBeGreaterThan(row.receivedAtMs);
          expect(row.extractedAtMs % 1000).toBe(0);
        }
        expect(await subject().stateOf(loader)).toMatchObject({
          phase: 'full-table',
          liveVersion: 1,
          liveRowCount: 3,
          loading: null,
        });
        expect(await subject().positionsOf(loader)).toEqual({});
      });
    }

    it('keeps state, schema and bookmarks over close and reopen, and goes on from them', async () => {
      const loader = tableLoader();
      await loader.begin(subject().destination, 1);
      await (await loader.open(subject().destination, 1)).put([order(1)], behind(1));
      const before = [await subject().stateOf(loader), await subject().positionsOf(loader), loader.schema()];
      await subject().reconnect();
      await loader.adopt(subject().destination);
      expect([await subject().stateOf(loader), await subject().positionsOf(loader), loader.schema()]).toEqual(before);

      const lane = await loader.open(subject().destination, 1);
      expect(lane.load.units.get('segment:0/2')?.position).toBe(behind(1));
      await lane.put([order(2)], 'end');
      await lane.commit('end', 'segment:1/2');
      await loader.finish(subject().destination, 1);
      await subject().reconnect();
      expect(await subject().stateOf(loader)).toMatchObject({ liveVersion: 1, liveRowCount: 2 });
      await subject().expectLive(loader, [order(1), order(2)]);
    });

    it('forgets rows that were written but not committed', async () => {
      const loader = tableLoader({ totalSegments: 1 });
      await loader.begin(subject().destination, 1);
      const lane = await loader.open(subject().destination, 1);
      await lane.put([order(1)], behind(1));
      await lane.write([order(2)]);
      await lane.load.close();
      await subject().reconnect();
      expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/1': behind(1) });
      await (await loader.open(subject().destination, 1)).put([order(3)], 'end');
      await loader.finish(subject().destination, 1);
      await subject().expectLive(loader, [order(1), order(3)]);
    });

    it('commits nothing when the signal is aborted', async () => {
      const loader = tableLoader({ totalSegments: 1 });
      await loader.begin(subject().destination, 1);
      const lane = await loader.open(subject().destination, 1);
      await lane.write([order(1)]);
      const { epoch = 0 } = lane.load.units.get('segment:0/1') ?? {};
      const moves = [{ unit: 'segment:0/1', epoch, from: 'start', to: 'end', shard: null }] as const;
      const aborted = { signal: AbortSignal.abort() };
      await expect(lane.load.commit({ ...NOTHING, moves, ...schemaOf(loader), nowMs: 1 }, aborted)).rejects.toThrow();
      expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/1': 'start' });
      await (await loader.open(subject().destination, 1)).commit('end');
      expect(await loader.finish(subject().destination, 1)).toEqual({ rowCount: 0, sweptRows: 0 });
    });

    it('takes many batches in one commit, and a commit without rows', async () => {
      const loader = tableLoader({ totalSegments: 1 });
      await loader.begin(subject().destination, 1);
      const lane = await loader.open(subject().destination, 1);
      const items = Array.from({ length: 5000 }, (_, n) => order(n));
      for (let from = 0; from < items.length; from += 1000) await lane.write(items.slice(from, from + 1000));
      expect((await lane.commit(behind(4999))).upsertedRows).toBe(5000);
      expect((await lane.commit(behind(4999))).upsertedRows).toBe(0);
      await lane.commit('end');
      await loader.finish(subject().destination, 1);
      await subject().expectLive(loader, items);
    });

    it('keeps tables of one source, and like-named tables of two sources, apart', async () => {
      const loaders = [
        tableLoader(),
        tableLoader({ table: 'orders/by-customer', destinationTable: 'orders__by_customer' }),
        tableLoader({ source: 'other' }),
      ];
      for (const loader of loaders) await loader.begin(subject().destination, 1);
      const lanes = await Promise.all(loaders.map((loader) => loader.open(subject().destination, 1)));
      for (const [index, lane] of lanes.entries()) await lane.put([order(index)], 'end');
      for (const lane of lanes) await lane.commit('end', 'segment:1/2');
      for (const loader of loaders) await loader.finish(subject().destination, 1);
      for (const [index, loader] of loaders.entries()) await subject().expectLive(loader, [order(index)]);
      const tables = await subject().destination.runStore.readTables('shop');
      expect(tables.map(({ table }) => table)).toEqual(['orders', 'orders/by-customer']);
    });

    it('refuses a name that another table has, and keeps the first name of a table', async () => {
      const first = tableLoader();
      await first.replace(subject().destination, 1, [order(1)]);
      const second = tableLoader({ source: 'other', destinationSchema: 'shop' });
      await expect(second.begin(subject().destination, 1)).rejects.toMatchObject({ code: 'DESTINATION_NAME_TAKEN' });
      await first.begin(subject().destination, 2, { destinationTable: 'renamed' });
      expect(await subject().stateOf(first)).toMatchObject({ destinationTable: 'orders' });
      expect(await subject().destination.runStore.readTables('other')).toEqual([]);
    });
  });

  describe('when another process has changed the schema', () => {
    /** Another process makes an attribute a column and is overtaken by one that would give the column to another attribute. */
    const overtake = async () => {
      const [slow, fast] = [tableLoader({ totalSegments: 1 }), tableLoader({ totalSegments: 1 })];
      await slow.begin(subject().destination, 1);
      const before = schemaOf(slow);
      const first = { id: { S: 'k1' }, camelCase: { S: 'of camelCase' } };
      await (await fast.open(subject().destination, 1)).put([first], behind(1));
      const lane = await slow.open(subject().destination, 1);
      return { slow, fast, before, first, lane };
    };

    it('hands it out as it is when the units are taken over, so that columns keep their attributes', async () => {
      const { slow, fast, first, lane } = await overtake();
      expect(lane.load.schema).toEqual(fast.schema()?.schema);
      const second = { id: { S: 'k2' }, camel_case: { S: 'of camel_case' } };
      await lane.put([second], 'end');
      await slow.finish(subject().destination, 1);
      await subject().expectLive(slow, [first, second]);
    });

    it.each([
      ['as new as the stored one', {}],
      ['newer than the stored one', { other: { N: '1' }, third: { N: '1' } }],
    ])('refuses one that contradicts it though it is %s', async (_, more) => {
      const { slow, before, lane } = await overtake();
      slow.assume(before);
      await lane.write([{ id: { S: 'k2' }, camel_case: { S: 'of camel_case' } }]);
      if (Object.keys(more).length > 0) await lane.write([{ id: { S: 'k3' }, ...more }]);
      await expect(lane.commit('end')).rejects.toMatchObject({ code: 'FENCED' });
      expect(await subject().positionsOf(slow)).toEqual({ 'segment:0/1': behind(1) });
      expect((await subject().stateOf(slow))?.loading?.rowCount).toBe(1);
      expect(await subject().destination.runStore.readSchema('shop', 'orders')).toEqual(lane.load.schema);
    });
  });

  describe('whose units are taken over', () => {
    it('rejects the commit of the one before, rows and bookmarks', async () => {
      const loader = tableLoader({ totalSegments: 1 });
      await loader.begin(subject().destination, 1);
      const zombie = await loader.open(subject().destination, 1);
      await zombie.put([order(1)], behind(1));
      const successor = await loader.open(subject().destination, 1);
      await expect(zombie.put([order(2)], behind(2))).rejects.toMatchObject({ code: 'FENCED' });
      expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/1': behind(1) });
      await successor.put([order(3)], 'end');
      await loader.finish(subject().destination, 1);
      await subject().expectLive(loader, [order(1), order(3)]);
    });

    it('rolls the whole commit back when one of its units misses', async () => {
      const loader = tableLoader();
      await loader.begin(subject().destination, 1);
      const both = await loader.open(subject().destination, 1);
      await loader.open(subject().destination, 1, ['segment:1/2']);
      await both.write([order(1)]);
      const moves = loader.units.map((unit) => ({ unit, to: 'end' }) as const);
      await expect(both.commitAll(moves)).rejects.toMatchObject({ code: 'FENCED' });
      expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/2': 'start', 'segment:1/2': 'start' });
      expect((await subject().stateOf(loader))?.loading?.rowCount).toBe(0);
    });

    it('raises epochs with every takeover and leaves finished units alone', async () => {
      const loader = tableLoader();
      await loader.begin(subject().destination, 1);
      const first = await loader.open(subject().destination, 1);
      await first.commit('end');
      const second = await loader.open(subject().destination, 1);
      const epochs = (unit: 'segment:0/2' | 'segment:1/2') =>
        [first, second].map(({ load }) => load.units.get(unit)?.epoch ?? -1);
      const [before = 0, now = 0] = epochs('segment:1/2');
      expect(now).toBeGreaterThan(before);
      expect(second.load.units.get('segment:0/2')?.position).toBe('end');
    });

    it('rejects a move from another position than the stored one', async () => {
      const loader = tableLoader({ totalSegments: 1 });
      await loader.begin(subject().destination, 1);
      const { load } = await loader.open(subject().destination, 1);
      const { epoch = 0 } = load.units.get('segment:0/1') ?? {};
      const moves = [{ unit: 'segment:0/1', epoch, from: behind(7), to: 'end', shard: null }] as const;
      await expect(
        load.commit({ ...NOTHING, moves, ...schemaOf(loader), nowMs: 1 }, neverAborted),
      ).rejects.toMatchObject({
        code: 'FENCED',
      });
      expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/1': 'start' });
    });

    it('lets two lanes of one version commit side by side', async () => {
      const loader = tableLoader();
      await loader.begin(subject().destination, 1);
      const [first, second] = [
        await loader.open(subject().destination, 1, ['segment:0/2']),
        await loader.open(subject().destination, 1, ['segment:1/2']),
      ];
      await first.write([order(1)]);
      await second.write([{ ...order(2), extra: { N: '1' } }]);
      await Promise.all([first.commit(behind(1)), second.commit(behind(2))]);
      await Promise.all([first.put([order(3)], 'end'), second.put([order(4)], 'end')]);
      await loader.finish(subject().destination, 1);
      await subject().expectLive(loader, [order(1), { ...order(2), extra: { N: '1' } }, order(3), order(4)]);
    });
  });
}

const NOTHING = { opened: [], pruned: [] };

function schemaOf(loader: TableLoader) {
  const schema = loader.schema();
  if (schema === null) throw new Error('The table was not begun');
  return schema;
}
