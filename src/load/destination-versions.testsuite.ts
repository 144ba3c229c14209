import { describe, expect, it } from 'vitest';
import type { DynamoItem } from '../../test/support/dynamo-item.ts';
import { order } from '../../test/support/load-samples.ts';
import { baseOf, behind, tableLoader } from '../../test/support/table-loader.ts';
import { columnsOf, type Subject } from '../../test/support/test-place.ts';

/** Versions replace each other whole. */
export function testVersions(subject: () => Subject, isTransactional: boolean): void {
  describe('replacing a version', () => {
    if (isTransactional) {
      it('shows readers the old rows until the swap and the new ones after it, never a mixture', async () => {
        const loader = tableLoader();
        const old = [order(1), order(2), order(3)];
        await loader.replace(subject().destination, 1, old);
        await loader.begin(subject().destination, 2);
        const lane = await loader.open(subject().destination, 2);
        await lane.put([order(2), order(9), order(10)], 'end');
        await lane.commit('end', 'segment:1/2');
        await subject().expectLive(loader, old);
        let finished = false;
        const reading = (async () => {
          const versions: string[] = [];
          do {
            const rows = (await subject().live(loader)) ?? [];
            versions.push(
              `${rows.length} rows of ${[...new Set(rows.map(({ tableVersion }) => tableVersion))].join('+')}`,
            );
          } while (!finished);
          return versions;
        })();
        await loader.finish(subject().destination, 2);
        finished = true;
        expect(['3 rows of 1', '3 rows of 2']).toEqual(expect.arrayContaining(await reading));
        await subject().expectLive(loader, [order(2), order(9), order(10)]);
      });
    }

    it('refuses to finish while a unit is unfinished', async () => {
      const loader = tableLoader();
      await loader.replace(subject().destination, 1, [order(1)]);
      await loader.begin(subject().destination, 2);
      await (await loader.open(subject().destination, 2)).put([order(2)], 'end');
      await expect(loader.finish(subject().destination, 2)).rejects.toMatchObject({ code: 'BUG' });
      await subject().expectLive(loader, [order(1)]);
      expect(await subject().stateOf(loader)).toMatchObject({ liveVersion: 1, loading: { version: 2, rowCount: 1 } });
    });

    it('swaps an empty version in, first and later', async () => {
      const loader = tableLoader();
      expect(await loader.replace(subject().destination, 1, [])).toEqual({ rowCount: 0, sweptRows: 0 });
      expect(await subject().live(loader)).toEqual([]);
      expect(await loader.replace(subject().destination, 2, [order(1)])).toEqual({ rowCount: 1, sweptRows: 0 });
      await loader.begin(subject().destination, 3);
      await (await loader.open(subject().destination, 3)).commitAll(loader.units.map((unit) => ({ unit, to: 'end' })));
      await expect(loader.finish(subject().destination, 3)).rejects.toMatchObject({ code: 'SHRINK_REFUSED' });
      await loader.finish(subject().destination, 3, { allowShrink: true });
      expect(await subject().live(loader)).toEqual([]);
    });

    it('refuses to lose more than half of the live rows until it is allowed', async () => {
      const loader = tableLoader();
      await loader.replace(subject().destination, 1, [order(1), order(2), order(3), order(4)]);
      await loader.replace(subject().destination, 2, [order(1), order(2)]);
      await loader.begin(subject().destination, 3);
      await (await loader.open(subject().destination, 3)).commitAll(loader.units.map((unit) => ({ unit, to: 'end' })));
      await expect(loader.finish(subject().destination, 3)).rejects.toMatchObject({ code: 'SHRINK_REFUSED' });
      expect(await subject().stateOf(loader)).toMatchObject({ liveVersion: 2, loading: { version: 3 } });
      await subject().expectLive(loader, [order(1), order(2)]);
      await subject().reconnect();
      expect(await loader.finish(subject().destination, 3, { allowShrink: true })).toEqual({
        rowCount: 0,
        sweptRows: 0,
      });
      expect(await subject().stateOf(loader)).toMatchObject({ liveVersion: 3, loading: null });
    });

    it('drops a version that was being built when another is begun', async () => {
      const loader = tableLoader();
      await loader.begin(subject().destination, 1);
      const zombie = await loader.open(subject().destination, 1);
      await zombie.put([order(1)], behind(1));
      await loader.begin(subject().destination, 2, { base: baseOf(2), identity: 'table-id-2' });
      expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/2': 'start', 'segment:1/2': 'start' });
      expect(await subject().stateOf(loader)).toMatchObject({
        highestBase: baseOf(2),
        loading: { identity: 'table-id-2', rowCount: 0 },
      });
      await expect(zombie.put([order(2)], behind(2))).rejects.toMatchObject({ code: 'FENCED' });
      await expect(loader.open(subject().destination, 1)).rejects.toMatchObject({ code: 'FENCED' });
      await (await loader.open(subject().destination, 2)).put([order(3)], 'end');
      await (await loader.open(subject().destination, 2)).commit('end', 'segment:1/2');
      await loader.finish(subject().destination, 2);
      await subject().expectLive(loader, [order(3)]);
    });

    it('fences a lane that is still open when its version has become live', async () => {
      const loader = tableLoader();
      await loader.begin(subject().destination, 1);
      const lane = await loader.open(subject().destination, 1);
      await lane.commitAll(loader.units.map((unit) => ({ unit, to: 'end' })));
      await loader.finish(subject().destination, 1);
      await expect(lane.put([order(1)], 'end')).rejects.toMatchObject({ code: 'FENCED' });
      expect(await subject().live(loader)).toEqual([]);
    });

    it('drops what was being built at a reset, keeps the live version, and fences its lane for ever', async () => {
      const loader = tableLoader();
      await loader.replace(subject().destination, 1, [order(1)]);
      await loader.begin(subject().destination, 2);
      const zombie = await loader.open(subject().destination, 2);
      await zombie.put([order(2)], behind(2));
      const { source, table } = loader.target;
      expect(await subject().destination.runStore.requestReset(source, table)).toBe(true);
      expect(await subject().stateOf(loader)).toMatchObject({ resetRequested: true, liveVersion: 1, loading: null });
      expect(await subject().positionsOf(loader)).toEqual({});
      await subject().expectLive(loader, [order(1)]);
      // The state does not tell that there was a version 2, so the next one has its number again.
      await loader.begin(subject().destination, 2, { answersReset: true });
      expect((await subject().stateOf(loader))?.resetRequested).toBe(false);
      await loader.open(subject().destination, 2);
      // Of this unit the zombie's epoch is the first, and its position that of the new version.
      await expect(zombie.put([order(3)], 'end', 'segment:1/2')).rejects.toMatchObject({ code: 'FENCED' });
      expect(await subject().positionsOf(loader)).toEqual({ 'segment:0/2': 'start', 'segment:1/2': 'start' });
      expect((await subject().stateOf(loader))?.loading?.rowCount).toBe(0);
    });

    it('does not take a reset for answered that was asked for when its version was planned already', async () => {
      const loader = tableLoader({ totalSegments: 1 });
      await loader.replace(subject().destination, 1, [order(1)]);
      await subject().destination.runStore.requestReset('shop', 'orders');
      await loader.begin(subject().destination, 2);
      await (await loader.open(subject().destination, 2)).put([order(2)], 'end');
      await loader.finish(subject().destination, 2);
      expect((await subject().stateOf(loader))?.resetRequested).toBe(true);
      await loader.begin(subject().destination, 3, { answersReset: true });
      expect((await subject().stateOf(loader))?.resetRequested).toBe(false);
    });

    it('tells two versions of one number apart', async () => {
      const [one, other] = [tableLoader({ totalSegments: 1 }), tableLoader({ totalSegments: 1 })];
      await one.begin(subject().destination, 1);
      const lane = await one.open(subject().destination, 1);
      await lane.put([order(1)], 'end');
      await other.begin(subject().destination, 1, { base: baseOf(1) + 1n, layout: 'layout-2' });
      const fenced = { code: 'FENCED' };
      await expect(lane.put([order(2)], 'end')).rejects.toMatchObject(fenced);
      await expect(one.open(subject().destination, 1)).rejects.toMatchObject(fenced);
      await (await other.open(subject().destination, 1)).put([order(3)], 'end');
      await expect(one.finish(subject().destination, 1)).rejects.toMatchObject(fenced);
      await other.finish(subject().destination, 1);
      await subject().expectLive(other, [order(3)]);
    });

    it('refuses to begin one when another was begun since the state was read', async () => {
      const [one, other] = [tableLoader({ totalSegments: 1 }), tableLoader({ totalSegments: 1 })];
      const fenced = { code: 'FENCED' };
      await other.begin(subject().destination, 1);
      await expect(one.begin(subject().destination, 1)).rejects.toMatchObject(fenced);
      await (await other.open(subject().destination, 1)).put([order(1)], 'end');
      await other.finish(subject().destination, 1);
      await expect(one.begin(subject().destination, 1, { base: baseOf(9) })).rejects.toMatchObject(fenced);
      await expect(one.begin(subject().destination, 2, { base: baseOf(1) })).rejects.toMatchObject(fenced);
      await subject().expectLive(other, [order(1)]);
    });

    if (isTransactional) {
      it('keeps of each key of an index the row that was read last', async () => {
        const loader = tableLoader({
          table: 'orders/by-total',
          key: [
            { name: 'id', type: 'S' },
            { name: 'n', type: 'N' },
          ],
        });
        const row = (id: string, n: string, text: string): DynamoItem => ({
          id: { S: id },
          n: { N: n },
          text: { S: text },
        });
        const big = '12345678901234567890123456789012345678';
        await loader.begin(subject().destination, 1);
        const lane = await loader.open(subject().destination, 1);
        await lane.put([row('a', '1', 'first'), row('a', big, 'kept'), row('b', '1', 'kept')], behind(1));
        await lane.put([row('a', '1', 'last'), row('a', `${big.slice(0, -1)}9`, 'kept')], 'end');
        await lane.put([row('c', '-0.5', 'kept')], 'end', 'segment:1/2');
        const deduplicateBy = columnsOf(loader).flatMap(({ name: column, key }) => (key === null ? [] : [column]));
        expect(await loader.finish(subject().destination, 1, { deduplicateBy })).toEqual({ rowCount: 5, sweptRows: 0 });
        await subject().expectLive(loader, [
          row('a', '1', 'last'),
          row('a', big, 'kept'),
          row('a', `${big.slice(0, -1)}9`, 'kept'),
          row('b', '1', 'kept'),
          row('c', '-0.5', 'kept'),
        ]);
        expect((await subject().stateOf(loader))?.liveRowCount).toBe(5);
      });
    }
  });
}
