import { describe, expect, it } from 'vitest';
import { above, accountedRows, following, snapshotting } from '../../test/support/followed-table.ts';
import { order } from '../../test/support/load-samples.ts';
import { CHANGED_AT_MS, remove, upsert } from '../../test/support/stream-samples.ts';
import { behind } from '../../test/support/table-loader.ts';
import type { Subject } from '../../test/support/test-place.ts';
import type { Capabilities } from '../model/capabilities.ts';
import { testChangeValues } from './destination-change-values.testsuite.ts';
import { testGaps } from './destination-gaps.testsuite.ts';
import { testShards } from './destination-shards.testsuite.ts';
import { testSnapshots } from './destination-snapshots.testsuite.ts';
import { testSweep } from './destination-sweep.testsuite.ts';

/** What every destination that takes changes must do. */
export function testChanges(
  subject: () => Subject,
  { changes, isTransactional }: { readonly changes: TakenChanges; readonly isTransactional: boolean },
): void {
  testDeletes(subject, isTransactional);
  testChangeValues(subject, isTransactional);
  testShards(subject);
  testSnapshots(subject, isTransactional);
  testGaps(subject, isTransactional);
  if (!isTransactional) return;
  if (changes === 'merge') testMergeRule(subject);
  else testOrderedRule(subject);
  testEqualSequences(subject);
  testCounts(subject, changes);
  testSweep(subject);
}

type TakenChanges = Exclude<Capabilities['changes'], 'none'>;

const key = (id: string) => ({ id: { S: id } });
const version = (id: string, v: number) => ({ ...key(id), v: { N: String(v) } });

function testMergeRule(subject: () => Subject): void {
  describe('holding two versions of one key', () => {
    it('keeps the one with the greater sequence, whichever commit comes first', async () => {
      const { loader, lane } = await snapshotting(subject());
      const [a, b] = loader.shards;
      await lane.apply([upsert(version('x', 2), above(5))], 'after 5', a);
      const late = await lane.apply([upsert(version('x', 1), above(3))], 'after 3', b);
      expect(late).toMatchObject({ upsertedRows: 0, supersededRows: 1, compactedRows: 0 });
      const newer = await lane.apply([upsert(version('x', 3), above(6))], 'after 6', b);
      expect(newer).toMatchObject({ upsertedRows: 1, supersededRows: 0, compactedRows: 0 });
      await subject().expectLive(loader, [version('x', 3)]);
      expect(await subject().live(loader)).toMatchObject([{ sequence: above(6), tableVersion: 1 }]);
    });

    it.each([
      ['first', [5, 3]],
      ['last', [3, 5]],
    ])('keeps the one with the greater sequence where it comes %s in a commit', async (_, sequences) => {
      const { loader, lane } = await snapshotting(subject());
      for (const n of sequences) await lane.change([upsert(version('x', n), above(n))]);
      const [a, b] = loader.shards;
      const moves = [a, b].flatMap((unit) => (unit === undefined ? [] : { unit, to: 'after 5' as const }));
      expect(await lane.commitAll(moves)).toMatchObject({ upsertedRows: 1, compactedRows: 1, supersededRows: 0 });
      await subject().expectLive(loader, [version('x', 5)]);
    });

    it('keeps a row of the stream when the snapshot reads its key later, in a commit of its own or in the same', async () => {
      const { loader, lane } = await snapshotting(subject());
      await lane.apply([upsert(version('x', 2), above(1))], 'after 1', loader.shards[0]);
      expect(await lane.put([version('x', 1), version('y', 1)], 'after 1')).toMatchObject({
        upsertedRows: 1,
        supersededRows: 1,
      });
      await lane.change([upsert(version('z', 2), above(2))]);
      expect(await lane.put([version('z', 1)], 'after 2')).toMatchObject({ upsertedRows: 1, compactedRows: 1 });
      await lane.write([version('w', 1)]);
      await lane.apply([upsert(version('w', 2), above(3))], 'after 3', loader.shards[0]);
      await subject().expectLive(loader, [version('x', 2), version('y', 1), version('z', 2), version('w', 2)]);
    });

    it.each(['soft', 'hard'] as const)('keeps a %s delete when the snapshot reads its key later', async (deletes) => {
      const { loader, lane } = await snapshotting(subject(), { deletes });
      await lane.apply([remove(key('x'), above(1))], 'after 1', loader.shards[0]);
      await lane.change([remove(key('y'), above(2))]);
      const late = await lane.put([version('x', 1), version('y', 1), version('z', 1)], 'end');
      expect(late).toMatchObject({ upsertedRows: 1, supersededRows: 1, compactedRows: 1, deletedRows: 1 });
      await subject().expectLive(loader, [version('z', 1)]);
      await loader.finish(subject().destination, 1);
      await subject().expectLive(loader, [version('z', 1)]);
    });

    it('does not let an older delete remove a row, nor an older row undo a delete', async () => {
      const { loader, lane } = await snapshotting(subject());
      const [a, b] = loader.shards;
      await lane.apply([upsert(version('x', 1), above(5)), remove(key('y'), above(6))], 'after 6', a);
      const older = [remove(key('x'), above(4)), upsert(version('y', 1), above(5))];
      expect(await lane.apply(older, 'after 5', b)).toMatchObject({ supersededRows: 2, deletedRows: 0 });
      await subject().expectLive(loader, [version('x', 1)]);
      expect(await subject().deleted(loader)).toEqual({ y: [CHANGED_AT_MS, null] });
    });
  });
}

function testOrderedRule(subject: () => Subject): void {
  it('takes what comes last and never compares', async () => {
    const { loader, lane } = await snapshotting(subject());
    await lane.apply([upsert(version('x', 2), above(5))], 'after 5', loader.shards[0]);
    await lane.apply([upsert(version('x', 1), above(3))], 'after 3', loader.shards[1]);
    await lane.change([upsert(version('y', 2), above(6))]);
    expect(await lane.put([version('y', 1)], 'end')).toMatchObject({ upsertedRows: 1, compactedRows: 1 });
    await subject().expectLive(loader, [version('x', 1), version('y', 1)]);
  });
}

/** The same page of a Scan or of a shard may come again, and a Scan may show a key twice: the later is what is there. */
function testEqualSequences(subject: () => Subject): void {
  it('takes the later of two versions with one sequence, in a commit and over commits', async () => {
    const { loader, lane } = await snapshotting(subject());
    const [shard] = loader.shards;
    await lane.put([version('scanned', 1), version('changed', 1)], behind(1));
    await lane.apply([upsert(version('changed', 2), above(1))], 'after 1', shard);
    expect(await lane.put([version('scanned', 2)], behind(2))).toMatchObject({ upsertedRows: 1, supersededRows: 0 });
    expect(await lane.apply([upsert(version('changed', 3), above(1))], 'after 1', shard)).toMatchObject({
      upsertedRows: 1,
      supersededRows: 0,
    });
    await subject().expectLive(loader, [version('scanned', 2), version('changed', 3)]);
    for (const v of [3, 4]) await lane.write([version('scanned', v)]);
    for (const v of [4, 5]) await lane.change([upsert(version('changed', v), above(1))]);
    expect(await lane.commit('end')).toMatchObject({ upsertedRows: 2, compactedRows: 2 });
    await subject().expectLive(loader, [version('scanned', 4), version('changed', 5)]);
  });
}

function testDeletes(subject: () => Subject, isTransactional: boolean): void {
  describe('taking deletes', () => {
    if (isTransactional) {
      it('keeps the key of a soft one, says when and by whom, and empties the other columns', async () => {
        const { loader, lane } = await following(subject(), [order(1), order(2), order(3)]);
        const [ttlAtMs, deletedAtMs] = [CHANGED_AT_MS + 7000, CHANGED_AT_MS + 9000];
        const deletes = [
          remove(key('k1'), above(1), { createdAtMs: deletedAtMs }),
          remove(key('k2'), above(2), { kind: 'ttlDelete', createdAtMs: ttlAtMs }),
          remove(key('never seen'), above(3)),
        ];
        expect(await lane.apply(deletes, 'after 3')).toMatchObject({ deletedRows: 3, upsertedRows: 0 });
        await subject().expectLive(loader, [order(3)]);
        expect(await subject().deleted(loader)).toEqual({
          k1: [deletedAtMs, null],
          k2: [ttlAtMs, 'ttl'],
          'never seen': [CHANGED_AT_MS, null],
        });
        for (const { cells, deletedAtMs: at } of (await subject().live(loader)) ?? []) {
          if (at !== null) expect([cells.get('total') ?? null, cells.get('status') ?? null]).toEqual([null, null]);
        }
        expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 1, loading: { rowCount: 4 } });
      });
    }

    it('keeps the last image where the delete has one', async () => {
      const { loader, lane } = await following(subject(), [order(1)]);
      await lane.apply([remove({ ...order(1), total: { N: '9.5' } }, above(1))], 'after 1');
      await subject().expectLive(loader, []);
      const [row] = (await subject().live(loader)) ?? [];
      expect([row?.cells.get('status'), Number(row?.cells.get('total'))]).toEqual(['PAID', 9.5]);
    });

    it('takes an item that is inserted again as a living row', async () => {
      const { loader, lane } = await following(subject(), [order(1), order(2)]);
      await lane.apply([remove(key('k1'), above(1)), remove(key('k2'), above(2), { kind: 'ttlDelete' })], 'after 2');
      await lane.apply([upsert(order(1), above(3)), upsert(version('k2', 1), above(4))], 'after 4');
      await subject().expectLive(loader, [order(1), version('k2', 1)]);
      expect(await subject().deleted(loader)).toEqual({});
      expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 2, loading: { rowCount: 2 } });
    });

    if (isTransactional) {
      it('removes the rows of hard ones when the snapshot is finished', async () => {
        const { loader, lane } = await following(subject(), [order(1), order(2), order(3)], { deletes: 'hard' });
        const deletes = [remove(key('k1'), above(1)), remove(key('never seen'), above(2))];
        expect(await lane.apply(deletes, 'after 2')).toMatchObject({ deletedRows: 2 });
        expect(await subject().live(loader)).toHaveLength(2);
        await subject().expectLive(loader, [order(2), order(3)]);
        await lane.apply([remove(key('k2'), above(3)), upsert(version('k2', 2), above(4))], 'after 4');
        await lane.apply([upsert(version('new', 1), above(5)), remove(key('new'), above(6))], 'after 6');
        expect(await subject().live(loader)).toHaveLength(2);
        await subject().expectLive(loader, [version('k2', 2), order(3)]);
        expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 2, loading: { rowCount: 2 } });
      });
    }

    if (isTransactional) {
      it('keeps hard ones as tombstones while the snapshot is on its way', async () => {
        const { loader, lane } = await snapshotting(subject(), { deletes: 'hard' });
        await lane.put([order(1), order(2)], behind(1));
        const deletes = [remove(key('k1'), above(1)), remove(key('k9'), above(2))];
        expect(await lane.apply(deletes, 'after 2', loader.shards[0])).toMatchObject({ deletedRows: 2 });
        await subject().expectLive(loader, [order(2)]);
        expect(await subject().deleted(loader)).toEqual({ k1: [CHANGED_AT_MS, null], k9: [CHANGED_AT_MS, null] });
        expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 1, loading: { rowCount: 3 } });
        await lane.commit('end');
        expect(await loader.finish(subject().destination, 1)).toEqual({ rowCount: 1, sweptRows: 0 });
        expect(await subject().live(loader)).toHaveLength(1);
        expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 1, loading: { rowCount: 1 } });
      });
    }

    it('empties the column of an attribute that was removed', async () => {
      const { loader, lane } = await following(subject(), [order(1)]);
      const changed = { ...key('k1'), total: { N: '1.5' }, added: { BOOL: true } };
      await lane.apply([upsert(changed, above(1))], 'after 1');
      await subject().expectLive(loader, [changed]);
    });
  });
}

function testCounts(subject: () => Subject, changes: 'merge' | 'ordered'): void {
  describe('accounting for the rows of a commit', () => {
    it('tells what became of each', async () => {
      const { loader, lane } = await snapshotting(subject());
      const [a, b] = loader.shards;
      await lane.apply([upsert(version('newer', 9), above(9))], 'after 9', a);
      await lane.write([version('x', 1), version('newer', 1), version('only scanned', 1)]);
      await lane.change([
        upsert(version('x', 2), above(1)),
        upsert(version('x', 3), above(2)),
        remove(key('x'), above(3)),
        remove(key('gone'), above(4)),
        upsert(version('y', 1), above(5)),
      ]);
      const receipt = await lane.commitAll([{ unit: b ?? 'shard:none', to: 'after 5' }]);
      const isMerging = changes === 'merge';
      expect(receipt).toEqual({
        receipt: 'durable',
        upsertedRows: isMerging ? 2 : 3,
        deletedRows: 2,
        compactedRows: 3,
        supersededRows: isMerging ? 1 : 0,
        rejectedRows: 0,
      });
      expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 3, loading: { rowCount: 5 } });
    });

    it('adds up, also with keys that no table could hold and with none at all', async () => {
      const { loader, lane } = await following(subject(), [order(1)]);
      const odd = [{ v: { N: '1' } }, { id: { NULL: true } }] as const;
      await lane.change(odd.map((item, n) => upsert(item, above(n))));
      await lane.change([upsert(order(2), above(5)), remove(key('k1'), above(6))]);
      const receipt = await lane.commit('after 6');
      expect(accountedRows(receipt)).toBe(4);
      expect(receipt.rejectedRows).toBe(2);
      await subject().expectLive(loader, [order(2)]);
      expect(accountedRows(await lane.commit('after 6'))).toBe(0);
    });
  });
}
