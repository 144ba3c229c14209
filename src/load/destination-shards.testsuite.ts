import { describe, expect, it } from 'vitest';
import { above, following, snapshotting } from '../../test/support/followed-table.ts';
import { order } from '../../test/support/load-samples.ts';
import { newShard, shards, upsert } from '../../test/support/stream-samples.ts';
import type { TableLoader } from '../../test/support/table-loader.ts';
import type { Subject } from '../../test/support/test-place.ts';
import { type ShardUnitId, shardUnit } from '../model/unit.ts';

const CHILD = shardUnit('shardId-child');
const fenced = { code: 'FENCED' };

/** Shards are units: they begin, move and end in the commit of their changes, each with a fence of its own. */
export function testShards(subject: () => Subject): void {
  const unitOf = async ({ target }: TableLoader, unit: ShardUnitId) =>
    (await subject().destination.runStore.readUnits(target.source, target.table)).find((state) => state.unit === unit);

  describe('keeping the bookmarks of shards', () => {
    it('gives back what a shard begins with and what a commit makes of it', async () => {
      const loader = (await snapshotting(subject())).loader;
      const bookmark = { sequence: 2n ** 62n, verifiedThroughMs: 1_893_456_000_123, parent: 'shardId-gone', lane: 3 };
      const captured = newShard(CHILD, { ...bookmark, firstListedAtMs: 1_893_456_000_000, position: `at ${NUMBER}` });
      const units = [{ unit: 'segment:0/1', position: 'start', shard: null }, captured] as const;
      await loader.begin(subject().destination, 2, { units });
      await subject().reconnect();
      expect(await unitOf(loader, CHILD)).toMatchObject(captured);

      const lane = await loader.open(subject().destination, 2, [CHILD]);
      expect(lane.load.units.get(CHILD)).toEqual({ ...captured, epoch: lane.load.epoch });
      const progress = { sequence: 2n ** 62n + 7n, verifiedThroughMs: 1_893_456_777_000 };
      await lane.commitAll([{ unit: CHILD, to: `after ${NUMBER}`, progress }]);
      await subject().reconnect();
      const moved = { ...captured, position: `after ${NUMBER}`, shard: { ...captured.shard, ...progress } };
      expect(await unitOf(loader, CHILD)).toEqual({ ...moved, epoch: lane.load.epoch });
    });

    it('takes progress without a new position', async () => {
      const { loader, lane } = await following(subject(), []);
      const [unit = CHILD] = loader.shards;
      const progress = { sequence: above(0), verifiedThroughMs: 5_000_000 };
      await lane.commitAll([{ unit, to: 'start', progress }]);
      await lane.commitAll([{ unit, to: 'start', progress: { ...progress, verifiedThroughMs: 6_000_000 } }]);
      expect(await unitOf(loader, unit)).toMatchObject({ position: 'start', shard: { verifiedThroughMs: 6_000_000 } });
    });

    it('opens the children of a shard with its end and its last changes, and lets the lane go on with them', async () => {
      const { loader, lane } = await following(subject(), [order(1)]);
      const [parent = CHILD, other = CHILD] = loader.shards;
      const opened = newShard(CHILD, { parent: 'shardId-0', lane: 2, sequence: above(1), position: 'at 7' });
      await lane.change([upsert(order(2), above(1))]);
      await lane.commitAll([{ unit: parent, to: 'end' }], { opened: [opened] });
      expect(await unitOf(loader, CHILD)).toEqual({ ...opened, epoch: lane.load.epoch });
      expect(await subject().positionsOf(loader)).toEqual({ [parent]: 'end', [other]: 'start', [CHILD]: 'at 7' });
      await lane.change([upsert(order(3), above(2))]);
      await lane.commitAll([{ unit: CHILD, to: 'after 8' }], { pruned: [parent] });
      expect(await subject().positionsOf(loader)).toEqual({ [other]: 'start', [CHILD]: 'after 8' });
      await subject().expectLive(loader, [order(1), order(2), order(3)]);
    });

    it('keeps the state of a table small when units are pruned that are gone already', async () => {
      const { loader, lane } = await following(subject(), []);
      const [first = CHILD, second = CHILD] = loader.shards;
      await lane.commitAll([{ unit: first, to: 'end' }]);
      await lane.commitAll([], { pruned: [first] });
      await lane.commitAll([{ unit: second, to: 'after 1' }], { pruned: [first] });
      expect(await subject().positionsOf(loader)).toEqual({ [second]: 'after 1' });
    });

    it('moves, opens and prunes thousands of units in one commit', async () => {
      const before = shards(5000);
      const { loader, lane } = await following(subject(), [order(1)], { shards: before });
      const opened = before.map((unit) => newShard(`${unit}-child`, { parent: unit, position: 'at 1' }));
      await lane.change([upsert(order(2), above(1))]);
      await lane.commitAll(
        before.map((unit) => ({ unit, to: 'end' })),
        { opened },
      );
      const children = opened.map(({ unit }) => ({ unit, to: 'after 1' }) as const);
      await lane.commitAll(children, { pruned: before });
      const positions = await subject().positionsOf(loader);
      expect(Object.keys(positions)).toHaveLength(5000);
      expect(new Set(Object.values(positions))).toEqual(new Set(['after 1']));
      const successor = await loader.open(
        subject().destination,
        1,
        opened.map(({ unit }) => unit),
      );
      expect(successor.load.units.size).toBe(5000);
      await expect(lane.commitAll(children.slice(0, 1))).rejects.toMatchObject(fenced);
      await subject().expectLive(loader, [order(1), order(2)]);
    });
  });

  describe('fencing shards', () => {
    it('lets the other units of a lane go on when one of them is taken over', async () => {
      const { loader, lane } = await following(subject(), []);
      const [taken = CHILD, kept = CHILD] = loader.shards;
      await lane.apply([upsert(order(1), above(1))], 'after 1', taken);
      const successor = await loader.open(subject().destination, 1, [taken]);
      expect(successor.load.units.get(taken)?.position).toBe('after 1');
      await lane.apply([upsert(order(2), above(1))], 'after 1', kept);
      await successor.apply([upsert({ ...order(1), status: { S: 'NEW' } }, above(2))], 'after 2');
      // The old holder would put the older row back, and the bookmark with it.
      await expect(lane.apply([upsert(order(1), above(1))], 'after 1', taken)).rejects.toMatchObject(fenced);
      await lane.apply([upsert(order(3), above(2))], 'after 2', kept);
      expect(await subject().positionsOf(loader)).toEqual({ [taken]: 'after 2', [kept]: 'after 2' });
      await subject().expectLive(loader, [{ ...order(1), status: { S: 'NEW' } }, order(2), order(3)]);
    });

    it.each<[string, (lane: Holder) => Promise<unknown>]>([
      ['a unit has another holder', ({ lane, taken, kept }) => lane.commitAll([move(kept), move(taken)])],
      ['a unit stands elsewhere', ({ lane, kept }) => lane.commitAll([{ ...move(kept), from: 'after 9' }])],
      ['a unit does not exist', ({ lane, kept }) => lane.commitAll([move(kept), move(shardUnit('shardId-none'))])],
      ['an opened unit is there', ({ lane, kept }) => lane.commitAll([move(kept)], { opened: [newShard(CHILD)] })],
    ])('rolls rows, bookmarks and opened units back when %s', async (_, attempt) => {
      const { loader, lane } = await following(subject(), [order(1)]);
      const [taken = CHILD, kept = CHILD] = loader.shards;
      const other = await loader.open(subject().destination, 1, [taken]);
      await other.commitAll([move(taken)], { opened: [newShard(CHILD)] });
      const before = [await subject().positionsOf(loader), await subject().stateOf(loader)];
      await lane.change([upsert({ ...order(1), status: { S: 'NEW' } }, above(1)), upsert(order(2), above(2))]);
      await expect(attempt({ lane, taken, kept })).rejects.toMatchObject(fenced);
      expect([await subject().positionsOf(loader), await subject().stateOf(loader)]).toEqual(before);
      await subject().expectLive(loader, [order(1)]);
    });

    it('rejects to take over a unit that was pruned', async () => {
      const { loader, lane } = await following(subject(), []);
      const [first = CHILD] = loader.shards;
      await lane.commitAll([{ unit: first, to: 'end' }]);
      await lane.commitAll([], { pruned: [first] });
      await expect(loader.open(subject().destination, 1)).rejects.toMatchObject(fenced);
    });
  });
}

/** Longer than any integer type. */
const NUMBER = '1234567890123456789012345678901234567890';

interface Holder {
  readonly lane: Awaited<ReturnType<typeof following>>['lane'];
  readonly taken: ShardUnitId;
  readonly kept: ShardUnitId;
}

function move(unit: ShardUnitId) {
  return { unit, to: 'after 1' } as const;
}
