import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ShardBookmark, UnitState } from '../model/unit-state.ts';
import { createUnitProgress, type UnitChanges } from './unit-progress.ts';

const EPOCH = 7;
const segments: readonly UnitState[] = [
  { unit: 'segment:0/2', epoch: 3, position: 'start', shard: null },
  { unit: 'segment:1/2', epoch: 5, position: 'after {"k":{"S":"m"}}', shard: null },
];
const bookmark: ShardBookmark = { parent: null, lane: 0, sequence: 10n, firstListedAtMs: 0, verifiedThroughMs: 100 };
const shard: UnitState = { unit: 'shard:a', epoch: 3, position: 'at 1', shard: bookmark };
const all = { includeVerified: true };

describe('createUnitProgress', () => {
  test('several pages of one unit become one move from the durable position', () => {
    const progress = createUnitProgress(segments, EPOCH);
    progress.advance('segment:0/2', 'start', 'after 1');
    progress.advance('segment:0/2', 'after 1', 'end');
    expect(progress.pending(all).moves).toEqual([
      { unit: 'segment:0/2', epoch: 3, from: 'start', to: 'end', shard: null },
    ]);
    expect(progress.finishedSegments()).toBe(0);
  });

  test('what is handed on while a commit is under way belongs to the next one', () => {
    const progress = createUnitProgress(segments, EPOCH);
    progress.advance('segment:0/2', 'start', 'after 1');
    const changes = progress.pending(all);
    progress.advance('segment:0/2', 'after 1', 'end');
    progress.committed(changes);
    expect(progress.pending(all).moves).toEqual([
      { unit: 'segment:0/2', epoch: 3, from: 'after 1', to: 'end', shard: null },
    ]);
    progress.committed(progress.pending(all));
    expect(progress.pending(all)).toEqual({ moves: [], opened: [], pruned: [] });
    expect(progress.finishedSegments()).toBe(1);
  });

  test('a hole between two pages of a unit is refused', () => {
    const progress = createUnitProgress([...segments, shard], EPOCH);
    progress.advance('segment:0/2', 'start', 'after 1');
    expect(() => progress.advance('segment:0/2', 'after 2', 'end')).toThrow(/stands elsewhere/);
    expect(() => progress.advance('segment:7/8', 'start', 'end')).toThrow(/not part of the lane/);
    expect(() => progress.advanceShard('shard:a', 'at 2', 'after 3', {})).toThrow(/stands elsewhere/);
  });

  test('a finished shard and its child, which has got on already, become durable together', () => {
    const progress = createUnitProgress([shard], EPOCH);
    progress.advanceShard('shard:a', 'at 1', 'end', { sequence: 12n });
    const inherited = progress.current('shard:a').shard ?? bookmark;
    progress.open([{ unit: 'shard:b', position: 'at 5', shard: { ...inherited, parent: 'a' } }]);
    progress.advanceShard('shard:b', 'at 5', 'after 6', { sequence: 13n });
    const changes = progress.pending(all);
    expect(changes.moves).toMatchObject([{ unit: 'shard:a', to: 'end', shard: { sequence: 12n } }]);
    expect(changes.opened).toMatchObject([{ unit: 'shard:b', position: 'after 6', shard: { sequence: 13n } }]);
    progress.committed(changes);
    progress.advanceShard('shard:b', 'after 6', 'after 7', { sequence: 14n });
    expect(progress.pending(all)).toMatchObject({
      moves: [{ unit: 'shard:b', epoch: EPOCH, from: 'after 6', to: 'after 7' }],
      opened: [],
    });
  });

  test('a sequence never falls; what is only verified comes on request', () => {
    const progress = createUnitProgress([shard], EPOCH);
    progress.advanceShard('shard:a', 'at 1', 'at 1', { sequence: 9n });
    expect(progress.pending(all).moves).toEqual([]);
    progress.advanceShard('shard:a', 'at 1', 'at 1', { verifiedThroughMs: 150 });
    expect(progress.pending({ includeVerified: false }).moves).toEqual([]);
    expect(progress.pending(all).moves).toMatchObject([
      { from: 'at 1', to: 'at 1', shard: { sequence: 10n, verifiedThroughMs: 150 } },
    ]);
  });

  test('a shard is pruned once its end is durable, not with it', () => {
    const progress = createUnitProgress([shard], EPOCH);
    progress.advanceShard('shard:a', 'at 1', 'end', {});
    progress.prune('shard:a');
    const finishing = progress.pending(all);
    expect(finishing.pruned).toEqual([]);
    progress.committed(finishing);
    const pruning = progress.pending(all);
    expect(pruning).toEqual({ moves: [], opened: [], pruned: ['shard:a'] });
    progress.committed(pruning);
    expect(progress.units()).toEqual([]);
  });
});

describe('what a destination has accepted', () => {
  test('is where the next commit goes on from, and counts only when it is durable', () => {
    const progress = createUnitProgress(segments, EPOCH);
    progress.advance('segment:0/2', 'start', 'after 1');
    const first = progress.pending(all);
    progress.accepted(first);
    expect(progress.pending(all)).toEqual({ moves: [], opened: [], pruned: [] });
    progress.advance('segment:0/2', 'after 1', 'end');
    const second = progress.pending(all);
    expect(second.moves).toEqual([{ unit: 'segment:0/2', epoch: 3, from: 'after 1', to: 'end', shard: null }]);
    progress.accepted(second);
    progress.committed(first);
    expect(progress.finishedSegments()).toBe(0);
    expect(progress.current('segment:0/2').position).toBe('end');
    progress.committed(second);
    expect(progress.finishedSegments()).toBe(1);
    expect(progress.pending(all)).toEqual({ moves: [], opened: [], pruned: [] });
  });

  test('holds shards that were opened, moved on and pruned before the first of it is durable', () => {
    const progress = createUnitProgress([shard], EPOCH);
    const accept = () => {
      const changes = progress.pending(all);
      progress.accepted(changes);
      return changes;
    };
    progress.advanceShard('shard:a', 'at 1', 'end', { verifiedThroughMs: 200 });
    progress.open([{ unit: 'shard:b', position: 'at 5', shard: { ...bookmark, parent: 'a' } }]);
    progress.prune('shard:a');
    const opening = accept();
    progress.advanceShard('shard:b', 'at 5', 'after 6', { sequence: 13n, verifiedThroughMs: 300 });
    const moving = accept();
    expect(opening.pruned).toEqual([]);
    expect(moving).toMatchObject({
      moves: [{ unit: 'shard:b', epoch: EPOCH, from: 'at 5' }],
      opened: [],
      pruned: ['shard:a'],
    });
    expect(progress.units().map(({ unit }) => unit)).toEqual(['shard:b']);
    expect(() => progress.open([{ unit: 'shard:b', position: 'start', shard: bookmark }])).toThrow(/opened twice/);
    expect(progress.isVerifiedThrough(250)).toBe(false);
    progress.committed(opening);
    expect(progress.isVerifiedThrough(250)).toBe(false);
    progress.committed(moving);
    expect(progress.isVerifiedThrough(250)).toBe(true);
    expect(progress.units()).toMatchObject([{ unit: 'shard:b', position: 'after 6', shard: { sequence: 13n } }]);
    expect(progress.pending(all)).toEqual({ moves: [], opened: [], pruned: [] });
  });

  test('is made durable in any grouping to the same end as if each commit had been durable at once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ isSecond: fc.boolean(), confirmed: fc.nat({ max: 3 }) }), { maxLength: 30 }),
        (steps) => {
          const ours = createUnitProgress(segments, EPOCH);
          const plain = createUnitProgress(segments, EPOCH);
          const waiting: UnitChanges[] = [];
          steps.forEach(({ isSecond, confirmed }, step) => {
            const unit = isSecond ? 'segment:1/2' : 'segment:0/2';
            for (const progress of [ours, plain])
              progress.advance(unit, progress.current(unit).position, `after ${step}`);
            const changes = ours.pending(all);
            expect(changes).toEqual(plain.pending(all));
            ours.accepted(changes);
            plain.committed(changes);
            waiting.push(changes);
            for (const durable of waiting.splice(0, confirmed)) ours.committed(durable);
            expect(ours.units()).toEqual(plain.units());
          });
        },
      ),
    );
  });
});
