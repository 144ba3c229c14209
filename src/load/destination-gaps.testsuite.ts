import { describe, expect, it } from 'vitest';
import { above, following, snapshotting } from '../../test/support/followed-table.ts';
import { order } from '../../test/support/load-samples.ts';
import { CHANGED_AT_MS, gap, newShard, STREAM, upsert } from '../../test/support/stream-samples.ts';
import { baseOf, behind, tableLoader } from '../../test/support/table-loader.ts';
import { neverAborted, type Subject } from '../../test/support/test-place.ts';
import { type SegmentUnitId, shardUnit } from '../model/unit.ts';

const fenced = { code: 'FENCED' };
const AFTER_GAP = { ...STREAM, gapCount: 1, gapEndMs: CHANGED_AT_MS };

/** What happens to a table when changes of it were lost. */
export function testGaps(subject: () => Subject, isTransactional: boolean): void {
  const units = async () =>
    new Map((await subject().destination.runStore.readUnits('shop', 'orders')).map((state) => [state.unit, state]));
  const gaps = () => subject().destination.runStore.readGaps('shop');

  describe('reading a table again in place', () => {
    if (isTransactional) {
      it('raises the base and keeps the rows readable', async () => {
        const { loader } = await following(subject(), [order(1), order(2)]);
        const before = await subject().stateOf(loader);
        await loader.resync(subject().destination, 1, { identity: 'table-id-2', stream: AFTER_GAP, nowMs: 77_000 });
        await subject().reconnect();
        expect(await subject().stateOf(loader)).toMatchObject({
          phase: 'resyncing',
          liveVersion: 1,
          liveRowCount: 2,
          liveSinceMs: before?.liveSinceMs,
          highestBase: above(1000),
          lastResyncAtMs: 77_000,
          loading: {
            version: 1,
            base: above(1000),
            placement: 'live',
            identity: 'table-id-2',
            layout: 'layout-1',
            totalSegments: 1,
            rowCount: 2,
            stream: AFTER_GAP,
          },
        });
        await subject().expectLive(loader, [order(1), order(2)]);
      });
    }

    it('replaces the units that it names, leaves the others where they are, and fences all who hold one', async () => {
      const { loader, lane } = await following(subject(), []);
      const [kept = 'shard:a', trimmed = 'shard:b'] = loader.shards;
      const [lost, fresh] = [shardUnit('shardId-lost'), shardUnit('shardId-fresh')];
      await lane.commitAll([{ unit: kept, to: 'after 5' }], { opened: [newShard(lost)] });
      await lane.commitAll([{ unit: trimmed, to: 'after 6' }]);
      const before = await units();
      const segments = (['segment:0/3', 'segment:1/3', 'segment:2/3'] as const).map(segment);
      const captured = [
        newShard(trimmed, { sequence: above(1000), verifiedThroughMs: 9000, lane: 1 }),
        newShard(fresh, { sequence: above(1000), verifiedThroughMs: 9000, lane: 2 }),
      ];
      await loader.resync(subject().destination, 1, { segments, captured, dropped: [lost] });
      const now = await units();
      expect(new Set(now.keys())).toEqual(new Set([kept, trimmed, fresh, ...segments.map(({ unit }) => unit)]));
      for (const unit of [...segments, ...captured]) expect(now.get(unit.unit)).toMatchObject(unit);
      const { epoch, ...bookmark } = before.get(kept) ?? { epoch: -1 };
      expect(now.get(kept)).toMatchObject(bookmark);
      expect(now.get(kept)?.epoch).toBeGreaterThan(epoch);
      expect((await subject().stateOf(loader))?.loading?.totalSegments).toBe(3);
      await expect(lane.apply([upsert(order(1), above(6))], 'after 6', kept)).rejects.toMatchObject(fenced);
      await subject().expectLive(loader, []);
    });

    it('replaces the segments of a snapshot that is on its way, which stays one', async () => {
      const { loader, lane } = await snapshotting(subject());
      await lane.put([order(1)], behind(1));
      await loader.resync(subject().destination, 1, { segments: [segment('segment:0/3')] });
      const segments = Object.keys(await subject().positionsOf(loader)).filter((unit) => unit.startsWith('segment'));
      expect(segments).toEqual(['segment:0/3']);
      await loader.resync(subject().destination, 1, { stream: AFTER_GAP });
      expect(await subject().stateOf(loader)).toMatchObject({ phase: 'snapshotting', loading: { stream: AFTER_GAP } });
      expect((await subject().positionsOf(loader))['segment:0/1']).toBe('start');
      await expect(lane.put([order(2)], 'end')).rejects.toMatchObject(fenced);
      await (await loader.open(subject().destination, 1)).put([order(1), order(2)], 'end');
      expect(await loader.finish(subject().destination, 1)).toEqual({ rowCount: 2, sweptRows: 0 });
    });

    it('does not count a resync that a person has asked for', async () => {
      const { loader } = await following(subject(), []);
      await loader.resync(subject().destination, 1, { nowMs: 88_000, asked: true });
      expect((await subject().stateOf(loader))?.lastResyncAtMs).toBeNull();
    });

    it('is fenced when the version or its base is another one', async () => {
      const { loader } = await following(subject(), [order(1)]);
      const begun = [await subject().stateOf(loader), await units()];
      for (const other of [{ base: above(1) }, { version: 2 }]) {
        const request = { ...other, gaps: [gap('gap-1')], raisedBase: above(5000) };
        await expect(loader.resync(subject().destination, 1, request)).rejects.toMatchObject(fenced);
      }
      expect([await subject().stateOf(loader), await units()]).toEqual(begun);
      expect(await gaps()).toEqual([]);
    });
  });

  describe('stopping a table', () => {
    it.each(['gap', 'failed'] as const)('sets the phase %s and keeps units and rows', async (phase) => {
      const { loader } = await following(subject(), [order(1)]);
      const before = [await units(), await subject().stateOf(loader)];
      const request = { ...loader.target, version: 1, base: baseOf(1), phase, gaps: [gap('g', { reaction: 'waits' })] };
      await subject().destination.gaps?.halt(request, neverAborted);
      await subject().reconnect();
      expect([await units(), { ...(await subject().stateOf(loader)), phase: 'following' }]).toEqual(before);
      expect(await subject().stateOf(loader)).toMatchObject({ phase });
      expect(await gaps()).toEqual([gap('g', { reaction: 'waits' })]);
      await subject().expectLive(loader, [order(1)]);
      await loader.resync(subject().destination, 1);
      expect(await subject().stateOf(loader)).toMatchObject({ phase: 'resyncing' });
    });

    it('is fenced when the version or its base is another one', async () => {
      const { loader } = await following(subject(), []);
      for (const other of [
        { version: 1, base: above(1) },
        { version: 2, base: baseOf(1) },
      ]) {
        const request = { ...loader.target, ...other, phase: 'gap', gaps: [gap('g')] } as const;
        await expect(subject().destination.gaps?.halt(request, neverAborted)).rejects.toMatchObject(fenced);
      }
      expect(await subject().stateOf(loader)).toMatchObject({ phase: 'following' });
      expect(await gaps()).toEqual([]);
    });
  });

  describe('remembering gaps', () => {
    it('keeps those of a version, of a resync and of a halt, and resolves them when the table is whole again', async () => {
      const all = [1, 2, 3].map((n) => gap(`gap-${n}`, { detectedAtMs: CHANGED_AT_MS + n }));
      const [first, second, third] = all.map((one) => [one]);
      const { loader } = await following(subject(), [order(1)]);
      await following(subject(), [], { source: 'other', destinationSchema: 'elsewhere' });
      await following(subject(), [], { table: 'events' });
      const elsewhere = gap('gap-elsewhere', { source: 'other' });
      const events = gap('gap-events', { table: 'events', detectedAtMs: 5, shard: null, fromMs: null });
      const haltOf = ({ source, table }: { readonly source: string; readonly table: string }) =>
        ({ source, table, version: 1, base: baseOf(1), phase: 'gap' }) as const;
      for (const one of [elsewhere, events]) {
        await subject().destination.gaps?.halt({ ...haltOf(one), gaps: [one] }, neverAborted);
      }
      await loader.resync(subject().destination, 1, { gaps: first ?? [] });
      const halt = { ...haltOf(loader.target), base: loader.base(1), gaps: second ?? [] };
      await subject().destination.gaps?.halt(halt, neverAborted);
      await loader.begin(subject().destination, 2, { gaps: third ?? [] });
      await subject().reconnect();
      expect(await gaps()).toEqual([...[...all].reverse(), events]);
      await (await loader.open(subject().destination, 2)).put([order(1)], 'end');
      await loader.finish(subject().destination, 2, { nowMs: 999_000 });
      await subject().reconnect();
      expect(await gaps()).toEqual([...[...all].reverse().map((one) => ({ ...one, resolvedAtMs: 999_000 })), events]);
      expect(await subject().destination.runStore.readGaps('other')).toEqual([elsewhere]);
      // What was resolved keeps its time.
      await loader.resync(subject().destination, 2, { gaps: [gap('gap-4', { detectedAtMs: CHANGED_AT_MS + 4 })] });
      await (await loader.open(subject().destination, 2)).put([order(1)], 'end');
      await loader.finish(subject().destination, 2, { nowMs: 1_000_000 });
      expect((await gaps()).map(({ resolvedAtMs }) => resolvedAtMs)).toEqual([
        1_000_000,
        999_000,
        999_000,
        999_000,
        null,
      ]);
    });

    it('resolves them also when the table is read completely and follows no stream any more', async () => {
      const { loader } = await following(subject(), [order(1)]);
      const halt = { ...loader.target, version: 1, base: baseOf(1), phase: 'gap' } as const;
      await subject().destination.gaps?.halt({ ...halt, gaps: [gap('gap-1', { reaction: 'waits' })] }, neverAborted);
      const full = tableLoader();
      await full.begin(subject().destination, 2, { gaps: [gap('gap-2')] });
      const lane = await full.open(subject().destination, 2);
      await lane.commitAll(full.units.map((unit) => ({ unit, to: 'end' })));
      await full.finish(subject().destination, 2, { allowShrink: true, nowMs: 999_000 });
      await subject().reconnect();
      expect((await gaps()).map(({ resolvedAtMs }) => resolvedAtMs)).toEqual([999_000, 999_000]);
    });
  });

  describe('putting units where a person wants them', () => {
    it('moves and adds units and fences runs that are on their way', async () => {
      const { loader, lane } = await following(subject(), [order(1)]);
      const [first = 'shard:a', second = 'shard:b'] = loader.shards;
      await lane.apply([upsert(order(2), above(1))], 'after 1', first);
      const before = await units();
      const rewritten = [
        newShard(first, { position: 'after 0', sequence: above(0), lane: 3, parent: 'shardId-p' }),
        newShard(shardUnit('shardId-added'), { position: 'at 3' }),
      ];
      const request = { ...loader.target, version: 1, base: baseOf(1), units: rewritten };
      await subject().destination.runStore.rewriteUnits(request);
      const now = await units();
      expect(now.size).toBe(3);
      for (const unit of rewritten) expect(now.get(unit.unit)).toMatchObject(unit);
      expect(now.get(second)).toMatchObject({ position: 'start' });
      for (const [unit, { epoch }] of before) expect(now.get(unit)?.epoch).toBeGreaterThan(epoch);
      for (const unit of [first, second]) {
        await expect(lane.apply([upsert(order(3), above(2))], 'after 2', unit)).rejects.toMatchObject(fenced);
      }
      const next = await loader.open(subject().destination, 1, [first]);
      await next.apply([upsert(order(2), above(1))], 'after 1');
      await subject().expectLive(loader, [order(1), order(2)]);
    });

    it('is fenced when the version or its base is another one', async () => {
      const { loader } = await following(subject(), []);
      const before = await units();
      const { runStore } = subject().destination;
      for (const other of [
        { version: 1, base: above(1) },
        { version: 2, base: baseOf(1) },
      ]) {
        const rewrite = runStore.rewriteUnits({ ...loader.target, ...other, units: [newShard(shardUnit('x'))] });
        await expect(rewrite).rejects.toMatchObject(fenced);
      }
      expect(await units()).toEqual(before);
    });
  });
}

function segment(unit: SegmentUnitId) {
  return { unit, position: 'start', shard: null } as const;
}
