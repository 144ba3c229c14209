import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ListedShard } from '../../connection/stream-calls.ts';
import type { Position } from '../../model/position.ts';
import { parseShardUnit, shardUnit } from '../../model/unit.ts';
import type { NewUnit, UnitState } from '../../model/unit-state.ts';
import { captureStream, recaptureShards } from './capture.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OPTIONS = { awsNowMs: NOW_MS, base: 7n, laneCount: 4 };

/** A shard that was made so many minutes ago. */
const idOf = (minutesAgo: number, hash = 'aaaaaaaa'): string =>
  `shardId-${String(NOW_MS - minutesAgo * MINUTE_MS).padStart(20, '0')}-${hash}`;
const shard = (shardId: string, parentShardId: string | null, isOpen = false): ListedShard => ({
  shardId,
  parentShardId,
  startingSequenceNumber: '1',
  endingSequenceNumber: isOpen ? null : '2',
});
const positions = (units: readonly NewUnit[]): Record<string, Position> =>
  Object.fromEntries(units.map(({ unit, position }) => [parseShardUnit(unit) ?? '', position]));
const unit = (shardId: string, position: Position, bookmark: Partial<UnitState['shard']> = {}): UnitState => ({
  unit: shardUnit(shardId),
  position,
  epoch: 3,
  shard: {
    ...{ parent: null, lane: 2, sequence: 5n, verifiedThroughMs: NOW_MS - HOUR_MS, firstListedAtMs: NOW_MS - HOUR_MS },
    ...bookmark,
  },
});

describe('captureStream', () => {
  test('takes open shards and the ancestors back to one that closed ten minutes ago', () => {
    const [first, second, third, fourth] = [idOf(600), idOf(300), idOf(11), idOf(4)];
    const listing = [shard(first, null), shard(second, first), shard(third, second), shard(fourth, third, true)];
    expect(positions(captureStream(listing, OPTIONS))).toEqual({
      [first]: 'end',
      [second]: 'start',
      [third]: 'start',
      [fourth]: 'start',
    });
  });

  test('nothing made before the capture is owed, of any shard', () => {
    const units = captureStream([shard(idOf(600), null), shard(idOf(300), idOf(600), true)], OPTIONS);
    for (const { shard: bookmark } of units) {
      expect(bookmark).toMatchObject({ sequence: 7n, verifiedThroughMs: NOW_MS, firstListedAtMs: NOW_MS });
    }
    expect(units[1]?.shard?.parent).toBe(idOf(600));
  });

  test.each([
    ['other ids', ['a', 'b', 'c']],
    ['times in the future', [idOf(-600), idOf(-300), idOf(-100)]],
    ['times of last week', [idOf(10_000), idOf(9_000), idOf(8_000)]],
  ])('takes all that are listed when ids do not say when shards were closed: %s', (_, ids) => {
    const [first = '', second = '', third = ''] = ids;
    const listing = [shard(first, null), shard(second, first), shard(third, second, true)];
    expect(Object.values(positions(captureStream(listing, OPTIONS)))).toEqual(['start', 'start', 'start']);
  });

  test('a closed shard whose child is not listed yet is taken as well', () => {
    const listing = [shard(idOf(600), null), shard(idOf(300), idOf(600))];
    expect(positions(captureStream(listing, OPTIONS))).toEqual({ [idOf(600)]: 'start', [idOf(300)]: 'start' });
  });

  test('nothing below a captured shard counts as finished, however old it is', () => {
    // The root split: one half rolled early and twice since, the other half only a minute ago.
    const root = idOf(240, '00000000');
    const [early, middle, late] = [idOf(180, '11111111'), idOf(60, '11111112'), idOf(30, '11111113')];
    const [quiet, open] = [idOf(180, '22222222'), idOf(1, '22222223')];
    const listing = [
      ...[shard(root, null), shard(early, root), shard(middle, early), shard(late, middle, true)],
      ...[shard(quiet, root), shard(open, quiet, true)],
    ];
    const captured = positions(captureStream(listing, OPTIONS));
    expect(captured[root]).toBe('start');
    expect(captured[early]).toBe('start');
  });

  test('a child has the lane of its root, and lanes are all used', () => {
    const roots = Array.from({ length: 100 }, (_, index) => idOf(100, String(index).padStart(8, '0')));
    const listing = roots.flatMap((root) => [shard(`child-${root}`, root, true), shard(root, null)]);
    const lanes = new Map(
      captureStream(listing, OPTIONS).map(({ unit: id, shard: of }) => [parseShardUnit(id), of?.lane]),
    );
    for (const root of roots) expect(lanes.get(`child-${root}`)).toBe(lanes.get(root));
    expect(new Set(lanes.values())).toEqual(new Set([0, 1, 2, 3]));
  });

  test('of any forest: everything is a unit, open shards are read, and no unread shard lies above a finished one', () => {
    const forest = fc.array(fc.record({ parent: fc.nat(), minutesAgo: fc.nat(3_000), isOdd: fc.boolean() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(forest, (members) => {
        const ids = members.map(({ minutesAgo, isOdd }, index) =>
          isOdd ? `odd-${index}` : idOf(minutesAgo, String(index).padStart(8, '0')),
        );
        const parents = members.map(({ parent }, index) => (index === 0 ? null : (ids[parent % index] ?? null)));
        const listing = ids.map((id, index) => shard(id, parents[index] ?? null, !parents.includes(id)));
        const captured = positions(captureStream(listing, OPTIONS));
        expect(Object.keys(captured).length).toBe(listing.length);
        for (const { shardId, parentShardId, endingSequenceNumber } of listing) {
          if (endingSequenceNumber === null) expect(captured[shardId]).toBe('start');
          if (captured[parentShardId ?? ''] === 'start') expect(captured[shardId]).toBe('start');
        }
      }),
    );
  });
});

describe('recaptureShards', () => {
  const [old, lost, child] = [idOf(300), idOf(200), idOf(100)];

  test('a lost shard that is listed begins again, one that is gone is dropped, the others stay', () => {
    const units = [unit(old, 'after 5'), unit(lost, 'after 6'), unit(child, 'after 7')];
    const listing = [shard(lost, null), shard(child, null, true)];
    const { captured, dropped } = recaptureShards(units, listing, [old, lost], OPTIONS);
    expect(captured).toEqual([
      expect.objectContaining({
        unit: shardUnit(lost),
        position: 'start',
        shard: { parent: null, lane: 2, sequence: 7n, verifiedThroughMs: NOW_MS, firstListedAtMs: NOW_MS },
      }),
    ]);
    expect(dropped).toEqual([shardUnit(old)]);
  });

  test('listed shards that are no unit are captured, in the lane of their parent', () => {
    const listing = [shard(old, 'expired'), shard(lost, old), shard(child, lost, true)];
    const { captured, dropped } = recaptureShards([unit(old, 'end')], listing, [lost], OPTIONS);
    expect(positions(captured)).toEqual({ [lost]: 'start', [child]: 'start' });
    expect(captured.map(({ shard: of }) => of?.lane)).toEqual([2, 2]);
    expect(dropped).toEqual([]);
  });

  test('nothing between an unread unit and its open descendant counts as finished', () => {
    const line = [idOf(600), idOf(500), idOf(400), idOf(300), idOf(200)];
    const listing = line.map((id, index) => shard(id, line[index - 1] ?? null, index === 4));
    const { captured } = recaptureShards([unit(idOf(600), 'after 3')], listing, ['another'], OPTIONS);
    expect(positions(captured)).toEqual(Object.fromEntries(line.slice(1).map((id) => [id, 'start'])));
  });

  test('what lies below a shard that is captured again begins again, too, even if it was read', () => {
    const units = [unit(child, 'after 9', { parent: lost })];
    const { captured } = recaptureShards(units, [shard(lost, null), shard(child, lost, true)], [lost], OPTIONS);
    expect(positions(captured)).toEqual({ [lost]: 'start', [child]: 'start' });
  });

  test('a shard that ended long ago and is gone without a child is not looked for any longer', () => {
    const long = { verifiedThroughMs: NOW_MS - 30 * HOUR_MS };
    const units = [
      unit('barren', 'end', long),
      unit('parent', 'end', long),
      unit('young', 'end'),
      unit('b', 'after 1', { parent: 'parent' }),
    ];
    const { dropped } = recaptureShards(units, [shard('b', 'parent', true)], ['b'], OPTIONS);
    expect(dropped).toEqual([shardUnit('barren')]);
  });
});
