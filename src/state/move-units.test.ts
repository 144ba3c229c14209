import { describe, expect, test } from 'vitest';
import type { Position } from '../model/position.ts';
import { shardUnit } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { moveUnits } from './move-units.ts';

function shard(
  id: string,
  position: Position,
  { parent = null as string | null, sequence = 0n, verified = 0 } = {},
): NewUnit {
  return {
    unit: shardUnit(id),
    position,
    shard: { parent, lane: 0, firstListedAtMs: 0, sequence, verifiedThroughMs: verified },
  };
}
const segment: NewUnit = { unit: 'segment:0/2', position: 'end', shard: null };
const NONE = { backCount: 0, followingCount: 0, forwardCount: 0, forwardSegmentCount: 0 };
const positions = (units: readonly NewUnit[]) =>
  Object.fromEntries(units.map(({ unit, position }) => [unit, position]));

/** a is finished, its parent is gone; b below it, too; c below that is open. d is of another line. */
const LINE = [
  shard('a', 'end', { parent: 'root', sequence: 100n }),
  shard('b', 'end', { parent: 'a', sequence: 150n }),
  shard('c', 'after 30', { parent: 'b', sequence: 170n }),
  shard('d', 'after 5', { sequence: 90n }),
  segment,
];

describe('moveUnits', () => {
  test('everything below a shard that is read again is read again, from its start', () => {
    const moved = moveUnits(LINE, [shard('a', 'after 3')]);
    expect(positions(moved.units)).toEqual({ 'shard:a': 'after 3', 'shard:b': 'start', 'shard:c': 'start' });
    expect(moved).toMatchObject({ backCount: 3, followingCount: 2, forwardCount: 0 });
  });

  test('a sequence never falls: what is read again must not lose against what is there', () => {
    const { units } = moveUnits(LINE, [shard('a', 'after 3', { sequence: 7n })]);
    expect(units.map(({ shard: bookmark }) => bookmark?.sequence)).toEqual([100n, 150n, 170n]);
  });

  test('a shard that is moved on leaves the others alone', () => {
    const moved = moveUnits(LINE, [shard('c', 'after 40', { parent: 'b' })]);
    expect(positions(moved.units)).toEqual({ 'shard:c': 'after 40' });
    expect(moved).toMatchObject({ backCount: 0, forwardCount: 1, forwardSegmentCount: 0 });
  });

  test('numbers are compared as numbers, and from one is before after it', () => {
    const at = (position: Position) => moveUnits([shard('x', 'after 100')], [shard('x', position)]);
    expect(at('after 99')).toMatchObject({ backCount: 1, forwardCount: 0 });
    expect(at('at 100')).toMatchObject({ backCount: 1 });
    expect(at('after 1000')).toMatchObject({ backCount: 0, forwardCount: 1 });
    expect(at('end')).toMatchObject({ forwardCount: 1 });
    expect(at('after 100')).toEqual({ units: [], ...NONE });
  });

  test('an ancestor that comes back makes its children wait for it and be read again', () => {
    const moved = moveUnits(LINE, [shard('root', 'at 1'), shard('a', 'end')]);
    expect(positions(moved.units)).toMatchObject({ 'shard:root': 'at 1', 'shard:a': 'start', 'shard:c': 'start' });
  });

  test('unread shards below stay where they begin', () => {
    const units = [shard('p', 'after 2'), shard('q', 'at 9', { parent: 'p' })];
    expect(positions(moveUnits(units, [shard('p', 'start')]).units)).toEqual({ 'shard:p': 'start' });
  });

  test('a child of a finished shard goes on above what its parent has given', () => {
    const { units } = moveUnits(LINE, [
      shard('d', 'end', { sequence: 95n }),
      shard('e', 'at 6', { parent: 'd', sequence: 40n }),
    ]);
    expect(units.find(({ unit }) => unit === 'shard:e')?.shard?.sequence).toBe(95n);
  });

  test('a segment that does not go back for certain goes forward', () => {
    const [near, far] = ['after {"id":{"S":"a"}}', 'after {"id":{"S":"b"}}'] as const;
    const forward = (from: Position, to: Position): number => {
      const { forwardCount, forwardSegmentCount, backCount } = moveUnits(
        [{ ...segment, position: from }],
        [{ ...segment, position: to }],
      );
      expect([forwardCount, backCount]).toEqual([forwardSegmentCount, 0]);
      return forwardSegmentCount;
    };
    expect([forward('start', near), forward('start', 'end'), forward(near, 'end')]).toEqual([1, 1, 1]);
    // Nobody knows in which order a Scan comes to keys.
    expect([forward(near, far), forward(far, near)]).toEqual([1, 1]);
    expect([forward('end', near), forward('end', 'start'), forward(near, 'start'), forward(near, near)]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test('segments move alone', () => {
    expect(moveUnits(LINE, [{ ...segment, position: 'start' }])).toEqual({
      units: [{ ...segment, position: 'start' }],
      ...NONE,
    });
  });
});
