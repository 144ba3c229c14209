import { describe, expect, it } from 'vitest';
import { above, following, snapshotting } from '../../test/support/followed-table.ts';
import { order } from '../../test/support/load-samples.ts';
import { CHANGED_AT_MS, remove, STREAM, shards, upsert } from '../../test/support/stream-samples.ts';
import { baseOf, behind, tableLoader } from '../../test/support/table-loader.ts';
import type { Subject } from '../../test/support/test-place.ts';

const key = (id: string) => ({ id: { S: id } });

/** A version that follows a stream, from its beginning to the end of its snapshot. */
export function testSnapshots(subject: () => Subject, isTransactional: boolean): void {
  describe('loading the snapshot of a table that follows a stream', () => {
    if (isTransactional) {
      it('shows it from the first commit on where nothing was live', async () => {
        const { loader, lane } = await snapshotting(subject());
        expect(await subject().live(loader)).toEqual([]);
        expect(await subject().stateOf(loader)).toMatchObject({
          phase: 'snapshotting',
          liveVersion: 1,
          liveRowCount: 0,
          lastResyncAtMs: null,
          loading: { version: 1, base: baseOf(1), placement: 'live', totalSegments: 1, rowCount: 0, stream: STREAM },
        });
        await lane.put([order(1)], behind(1));
        await lane.apply([upsert(order(2), above(1))], 'after 1', loader.shards[0]);
        await subject().expectLive(loader, [order(1), order(2)]);
        await subject().reconnect();
        await subject().expectLive(loader, [order(1), order(2)]);
        expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 2, loading: { rowCount: 2 } });
      });
    }

    if (isTransactional) {
      it('gives every row the columns for deletes, its sequence and the version', async () => {
        const { loader, lane } = await snapshotting(subject());
        await lane.write([order(1)]);
        await lane.change([upsert(order(2), above(7)), remove(key('k3'), above(8))]);
        await lane.commit('end');
        const rows = (await subject().live(loader)) ?? [];
        const found = rows.map(
          ({ cells, sequence, tableVersion, deletedAtMs, deletedBy, batchedAtMs, receivedAtMs }) => ({
            row: [cells.get('id'), sequence, tableVersion, deletedAtMs, deletedBy],
            isBatchedAfter: batchedAtMs > receivedAtMs,
          }),
        );
        expect(found.map(({ row }) => row).sort()).toEqual([
          ['k1', baseOf(1), 1, null, null],
          ['k2', above(7), 1, null, null],
          ['k3', above(8), 1, CHANGED_AT_MS, null],
        ]);
        expect(found.every(({ isBatchedAfter }) => isBatchedAfter)).toBe(true);
      });
    }

    if (isTransactional) {
      it('ends it when all segments are read, and goes on following', async () => {
        const { loader, lane } = await snapshotting(subject());
        const [first] = loader.shards;
        await lane.apply([remove(key('k9'), above(1)), upsert(order(2), above(2))], 'after 2', first);
        await lane.put([order(1)], 'end');
        const since = (await subject().stateOf(loader))?.liveSinceMs;
        expect(await loader.finish(subject().destination, 1)).toEqual({ rowCount: 2, sweptRows: 0 });
        expect(await subject().stateOf(loader)).toMatchObject({
          phase: 'following',
          liveVersion: 1,
          liveRowCount: 2,
          liveSinceMs: since,
          loading: { version: 1, base: baseOf(1), placement: 'live', totalSegments: 0, rowCount: 3, stream: STREAM },
        });
        const [a = '', b = ''] = loader.shards;
        expect(await subject().positionsOf(loader)).toEqual({ [a]: 'after 2', [b]: 'start' });
        // The lane still holds its shards; the segment is gone.
        await lane.apply([upsert(order(3), above(3))], 'after 3', first);
        await expect(lane.put([order(4)], 'end')).rejects.toMatchObject({ code: 'FENCED' });
        await subject().expectLive(loader, [order(1), order(2), order(3)]);
        expect(await subject().deleted(loader)).toEqual({ k9: [CHANGED_AT_MS, null] });
        expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 3, loading: { rowCount: 4 } });
      });
    }

    it('does not end it while a segment is not read or a shard is not caught up', async () => {
      const { loader, lane } = await snapshotting(subject());
      const [ended = 'shard:a', open = 'shard:b'] = loader.shards;
      const finish = (caughtUpWithMs: number) =>
        loader.finish(subject().destination, 1, {
          changes: { caughtUpWithMs, deletes: 'soft', keepExpiredBy: null },
        });
      await lane.commitAll([
        // What has ended needs no verification.
        { unit: ended, to: 'end', progress: { verifiedThroughMs: 10 } },
        { unit: open, to: 'after 1', progress: { verifiedThroughMs: 1000 } },
      ]);
      await expect(finish(1000)).rejects.toMatchObject({ code: 'BUG' });
      await lane.put([order(1)], 'end');
      await expect(finish(1001)).rejects.toMatchObject({ code: 'BUG' });
      expect(await subject().stateOf(loader)).toMatchObject({ phase: 'snapshotting', loading: { totalSegments: 1 } });
      expect(await finish(1000)).toEqual({ rowCount: 1, sweptRows: 0 });
    });

    it('ends it without the shards that are open where those are left alone', async () => {
      const { loader, lane } = await snapshotting(subject());
      await lane.put([order(1)], 'end');
      const finished = await loader.finish(subject().destination, 1, {
        changes: { caughtUpWithMs: null, deletes: 'soft', keepExpiredBy: null },
      });
      expect(finished).toEqual({ rowCount: 1, sweptRows: 0 });
      expect(await subject().stateOf(loader)).toMatchObject({ phase: 'following' });
    });

    it('fences the end of a version that is another one by now', async () => {
      const { loader } = await snapshotting(subject());
      const base = baseOf(1) + 1n;
      await expect(loader.finish(subject().destination, 1, { base })).rejects.toMatchObject({ code: 'FENCED' });
    });
  });

  describe('replacing a table that is followed', () => {
    const replacement = () => tableLoader({ stream: STREAM, shards: shards(1), totalSegments: 1 });

    if (isTransactional) {
      it('shows the old version whole until the swap, then the new one, and fences the old units', async () => {
        const { loader: old, lane: zombie } = await following(subject(), [order(1), order(2)]);
        await zombie.apply([upsert(order(3), above(1))], 'after 1');
        const loader = replacement();
        await loader.begin(subject().destination, 2, { base: baseOf(2) });
        expect(await subject().stateOf(loader)).toMatchObject({
          liveVersion: 1,
          liveRowCount: 3,
          highestBase: baseOf(2),
          loading: { version: 2, placement: 'aside', rowCount: 0 },
        });
        await expect(zombie.apply([upsert(order(4), above(2))], 'after 2')).rejects.toMatchObject({ code: 'FENCED' });
        const lane = await loader.open(subject().destination, 2);
        await lane.put([order(1), order(8)], 'end');
        const changes = [remove(key('k8'), baseOf(2) + 1n), upsert(order(9), baseOf(2) + 2n)];
        await lane.apply(changes, 'after 2', loader.shards[0]);
        await subject().expectLive(old, [order(1), order(2), order(3)]);
        expect(await loader.finish(subject().destination, 2)).toMatchObject({ sweptRows: 0 });
        await subject().expectLive(loader, [order(1), order(9)]);
        expect(new Set(((await subject().live(loader)) ?? []).map(({ tableVersion }) => tableVersion))).toEqual(
          new Set([2]),
        );
        expect(await subject().stateOf(loader)).toMatchObject({
          phase: 'following',
          liveVersion: 2,
          liveRowCount: 2,
          loading: { version: 2, placement: 'live', totalSegments: 0, rowCount: 3 },
        });
        await lane.apply([upsert(order(10), baseOf(2) + 3n)], 'after 3', loader.shards[0]);
        await subject().expectLive(loader, [order(1), order(9), order(10)]);
        await expect(zombie.apply([upsert(order(4), above(2))], 'after 2')).rejects.toMatchObject({ code: 'FENCED' });
      });
    }

    if (isTransactional) {
      it('removes the tombstones of hard deletes before the swap', async () => {
        const { loader: old } = await following(subject(), [order(1)]);
        const loader = tableLoader({ stream: STREAM, shards: shards(1), totalSegments: 1, deletes: 'hard' });
        await loader.begin(subject().destination, 2);
        const lane = await loader.open(subject().destination, 2);
        await lane.write([order(1), order(2)]);
        await lane.change([remove(key('k2'), baseOf(2) + 1n), remove(key('k3'), baseOf(2) + 2n)]);
        await lane.commit('end');
        await subject().expectLive(old, [order(1)]);
        expect(await loader.finish(subject().destination, 2)).toEqual({ rowCount: 1, sweptRows: 0 });
        expect(await subject().live(loader)).toHaveLength(1);
      });
    }

    it('refuses to lose more than half of the live rows until it is allowed', async () => {
      const { loader: old } = await following(subject(), [order(1), order(2), order(3)]);
      const loader = replacement();
      await loader.begin(subject().destination, 2);
      await (await loader.open(subject().destination, 2)).put([order(1)], 'end');
      await expect(loader.finish(subject().destination, 2)).rejects.toMatchObject({ code: 'SHRINK_REFUSED' });
      await subject().expectLive(old, [order(1), order(2), order(3)]);
      expect(await subject().stateOf(loader)).toMatchObject({
        liveVersion: 1,
        loading: { version: 2, totalSegments: 1 },
      });
      await loader.finish(subject().destination, 2, { allowShrink: true });
      await subject().expectLive(loader, [order(1)]);
    });

    it('can be a full-table version, and the other way round', async () => {
      await following(subject(), [order(1)]);
      const full = tableLoader({ totalSegments: 1 });
      expect(await full.replace(subject().destination, 2, [order(2)])).toEqual({ rowCount: 1, sweptRows: 0 });
      await subject().expectLive(full, [order(2)]);
      expect(await subject().stateOf(full)).toMatchObject({ phase: 'full-table', loading: null });
      const loader = replacement();
      await loader.begin(subject().destination, 3);
      const lane = await loader.open(subject().destination, 3);
      await lane.change([remove(key('k9'), baseOf(3) + 1n)]);
      await lane.put([order(3)], 'end');
      await loader.finish(subject().destination, 3);
      await subject().expectLive(loader, [order(3)]);
      expect(await subject().deleted(loader)).toEqual({ k9: [CHANGED_AT_MS, null] });
    });

    it('drops the bookmarks at a reset, keeps the live rows, and fences the lanes', async () => {
      const { loader, lane } = await following(subject(), [order(1)]);
      expect(await subject().destination.runStore.requestReset('shop', 'orders')).toBe(true);
      expect(await subject().positionsOf(loader)).toEqual({});
      expect(await subject().stateOf(loader)).toMatchObject({ resetRequested: true, liveVersion: 1, loading: null });
      await expect(lane.apply([upsert(order(2), above(1))], 'after 1')).rejects.toMatchObject({ code: 'FENCED' });
      await subject().expectLive(loader, [order(1)]);
      const next = replacement();
      await next.begin(subject().destination, 2, { answersReset: true });
      await (await next.open(subject().destination, 2)).put([order(2)], 'end');
      await next.finish(subject().destination, 2);
      await subject().expectLive(next, [order(2)]);
      expect((await subject().stateOf(next))?.resetRequested).toBe(false);
    });
  });
}
