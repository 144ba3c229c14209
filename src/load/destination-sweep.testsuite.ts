import { describe, expect, it } from 'vitest';
import type { DynamoItem } from '../../test/support/dynamo-item.ts';
import { above, following } from '../../test/support/followed-table.ts';
import { deletedRows, type LiveRow } from '../../test/support/live-rows.ts';
import { order } from '../../test/support/load-samples.ts';
import { CHANGED_AT_MS, remove, STREAM, upsert } from '../../test/support/stream-samples.ts';
import type { Subject } from '../../test/support/test-place.ts';
import type { Deletes } from '../model/deletes.ts';

const GAP_END_MS = CHANGED_AT_MS + 3_600_000;
const AFTER_GAP = { ...STREAM, gapCount: 1, gapEndMs: GAP_END_MS };
const key = (id: string) => ({ id: { S: id } });

/** The end of a resync: what no reading has shown since the gap was deleted in it. */
export function testSweep(subject: () => Subject): void {
  /** Rows 1 to 6 are followed; 6 is deleted before the gap, behind which the Scan reads 1 and 2 and the stream 3. */
  const resynced = async (deletes: Deletes) => {
    const rows = [1, 2, 3, 4, 5, 6].map(order);
    const { loader, lane } = await following(subject(), rows, { deletes });
    await lane.apply([remove({ ...order(6), status: { S: 'LAST' } }, above(1))], 'after 1');
    await loader.resync(subject().destination, 1, { stream: AFTER_GAP });
    const next = await loader.open(subject().destination, 1);
    await next.put([{ ...order(1), status: { S: 'READ' } }, order(2)], 'end');
    await next.apply([upsert(order(3), above(1001)), remove(key('k7'), above(1002))], 'after 1002', loader.shards[0]);
    return loader;
  };
  const seen: readonly DynamoItem[] = [{ ...order(1), status: { S: 'READ' } }, order(2), order(3)];

  describe('sweeping what a gap has taken', () => {
    it('leaves every row readable until then', async () => {
      const loader = await resynced('soft');
      await subject().expectLive(loader, [...seen, order(4), order(5)]);
      expect(await subject().stateOf(loader)).toMatchObject({ phase: 'resyncing', liveRowCount: 5 });
    });

    it('marks just the rows below the base as deleted at the end of the gap and keeps their values', async () => {
      const loader = await resynced('soft');
      expect(await loader.finish(subject().destination, 1)).toEqual({ rowCount: 3, sweptRows: 2 });
      await subject().expectLive(loader, seen);
      expect(await subject().deleted(loader)).toEqual({
        k4: [GAP_END_MS, null],
        k5: [GAP_END_MS, null],
        // Deleted rows stay as they are.
        k6: [CHANGED_AT_MS, null],
        k7: [CHANGED_AT_MS, null],
      });
      const values = deletedRows(await subject().live(loader)).map(({ cells }) => [
        cells.get('id'),
        cells.get('status'),
      ]);
      expect(values.sort()).toEqual([
        ['k4', 'PAID'],
        ['k5', 'PAID'],
        ['k6', 'LAST'],
        ['k7', null],
      ]);
      expect(await subject().stateOf(loader)).toMatchObject({
        phase: 'following',
        liveRowCount: 3,
        loading: { base: above(1000), totalSegments: 0, rowCount: 7 },
      });
    });

    it('removes them where deletes are hard, and the tombstones with them', async () => {
      const loader = await resynced('hard');
      // Until then an older reading could bring the row back.
      expect(await subject().deleted(loader)).toEqual({ k7: [CHANGED_AT_MS, null] });
      expect(await loader.finish(subject().destination, 1)).toEqual({ rowCount: 3, sweptRows: 2 });
      await subject().expectLive(loader, seen);
      expect(await subject().live(loader)).toHaveLength(3);
      expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 3, loading: { rowCount: 3 } });
    });

    it('does not sweep again what is there when the next gap is resolved', async () => {
      const loader = await resynced('soft');
      await loader.finish(subject().destination, 1);
      const stream = { ...AFTER_GAP, gapEndMs: GAP_END_MS + 1000 };
      await loader.resync(subject().destination, 1, { stream });
      await (await loader.open(subject().destination, 1)).put([order(1), order(2)], 'end');
      expect(await loader.finish(subject().destination, 1)).toEqual({ rowCount: 2, sweptRows: 1 });
      expect(await subject().deleted(loader)).toMatchObject({
        k3: [GAP_END_MS + 1000, null],
        k4: [GAP_END_MS, null],
        k6: [CHANGED_AT_MS, null],
      });
    });

    it('keeps rows whose TTL lies before the end of the gap, if that is asked for', async () => {
      const endS = GAP_END_MS / 1000;
      const expiring = (id: string, N: string): DynamoItem => ({ ...key(id), expires: { N }, v: { S: 'x' } });
      const rows = [
        expiring('expired', String(endS - 1)),
        expiring('expired long ago', '1.5'),
        expiring('alive', String(endS + 1)),
        { ...key('without'), v: { S: 'x' } },
        expiring('read again', String(endS - 1)),
      ];
      const { loader } = await following(subject(), [...rows, order(1), order(2), order(3)]);
      await loader.resync(subject().destination, 1, { stream: AFTER_GAP });
      const readAgain = [expiring('read again', '7'), order(1), order(2), order(3)];
      await (await loader.open(subject().destination, 1)).put(readAgain, 'end');
      const changes = { caughtUpWithMs: 1, deletes: 'soft', keepExpiredBy: 'expires' } as const;
      expect(await loader.finish(subject().destination, 1, { changes })).toEqual({ rowCount: 6, sweptRows: 2 });
      await subject().expectLive(loader, [...rows.slice(0, 2), ...readAgain]);
      expect(await subject().deleted(loader)).toEqual({ alive: [GAP_END_MS, null], without: [GAP_END_MS, null] });
      expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 6, loading: { rowCount: 8 } });
    });

    it('keeps nothing for a TTL attribute that has no column', async () => {
      const { loader } = await following(subject(), [order(1), order(2), order(3)]);
      await loader.resync(subject().destination, 1, { stream: AFTER_GAP });
      await (await loader.open(subject().destination, 1)).put([order(1), order(2)], 'end');
      const changes = { caughtUpWithMs: 1, deletes: 'hard', keepExpiredBy: 'expires' } as const;
      expect(await loader.finish(subject().destination, 1, { changes })).toEqual({ rowCount: 2, sweptRows: 1 });
    });

    it.each(['soft', 'hard'] as const)(
      'refuses to take more than half of the rows (%s) and leaves everything',
      async (deletes) => {
        const { loader, lane } = await following(subject(), [order(1), order(2), order(3), order(4)], { deletes });
        await lane.load.close();
        await loader.resync(subject().destination, 1, { stream: AFTER_GAP });
        const next = await loader.open(subject().destination, 1);
        await next.change([remove(key('k9'), above(1001))]);
        await next.put([order(1)], 'end');
        const all = async () => [
          await subject().stateOf(loader),
          await subject().positionsOf(loader),
          [...((await subject().live(loader)) ?? [])].sort(byId),
        ];
        const before = await all();
        await expect(loader.finish(subject().destination, 1)).rejects.toMatchObject({ code: 'SHRINK_REFUSED' });
        await subject().reconnect();
        expect(await all()).toEqual(before);
        const swept = await loader.finish(subject().destination, 1, { allowShrink: true });
        expect(swept).toEqual({ rowCount: 1, sweptRows: 3 });
        await subject().expectLive(loader, [order(1)]);
      },
    );

    it('sweeps a version that had its gap before it was shown', async () => {
      const { loader } = await following(subject(), [order(1), order(2)]);
      await loader.begin(subject().destination, 2);
      await (await loader.open(subject().destination, 2)).put([order(1), order(2), order(3)], 'end');
      await loader.resync(subject().destination, 2, { stream: AFTER_GAP });
      expect(await subject().stateOf(loader)).toMatchObject({ liveVersion: 1, loading: { placement: 'aside' } });
      await (await loader.open(subject().destination, 2)).put([order(1), order(2)], 'end');
      expect(await loader.finish(subject().destination, 2)).toEqual({ rowCount: 2, sweptRows: 1 });
      await subject().expectLive(loader, [order(1), order(2)]);
      expect(await subject().deleted(loader)).toEqual({ k3: [GAP_END_MS, null] });
    });
  });
}

function byId(a: LiveRow, b: LiveRow): number {
  return String(a.cells.get('id')) < String(b.cells.get('id')) ? -1 : 1;
}
