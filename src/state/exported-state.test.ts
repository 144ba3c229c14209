import { describe, expect, test } from 'vitest';
import type { TableState } from '../model/table-state.ts';
import { segmentUnit, shardUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { parseStateFile, stateFileText } from './exported-state.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const BASE = 1_700_000_000_000_123n;

const state: TableState = {
  ...{ source: 'shop', table: 'orders', destinationSchema: 'shop', destinationTable: 'orders', phase: 'snapshotting' },
  ...{
    liveVersion: 3,
    liveRowCount: 5,
    liveSinceMs: 1,
    highestBase: BASE,
    lastResyncAtMs: null,
    resetRequested: false,
  },
  loading: {
    ...{ version: 3, placement: 'live', base: BASE, identity: 'table-1', layout: '{"key":[]}', totalSegments: 2 },
    ...{ startedAtMs: 1, lastCommitAtMs: 2, rowCount: 5 },
    stream: { arn: 'arn:aws:dynamodb:eu-west-1:1:table/orders/stream/x', laneCount: 32, gapCount: 1, gapEndMs: 5 },
  },
};

function shard(shardId: string, changes: Partial<UnitState> & { parent?: string; verified?: number } = {}): UnitState {
  const { parent = null, verified = NOW_MS - 5_000, ...unit } = changes;
  const progress = { sequence: BASE + 7n, verifiedThroughMs: verified };
  return {
    unit: shardUnit(shardId),
    ...{ epoch: 4, position: 'after 100000000003498069978' },
    shard: { parent, lane: 3, firstListedAtMs: NOW_MS - 9_000, ...progress },
    ...unit,
  };
}

const UNITS: readonly UnitState[] = [
  {
    unit: segmentUnit({ segment: 0, totalSegments: 2 }),
    epoch: 1,
    position: 'after {"id":{"S":"x\\"y"}}',
    shard: null,
  },
  { unit: segmentUnit({ segment: 1, totalSegments: 2 }), epoch: 1, position: 'end', shard: null },
  shard('a', { position: 'end', verified: NOW_MS - 50_000 }),
  shard('b', { parent: 'a' }),
  shard('old', { position: 'end', verified: NOW_MS - 7_200_000 }),
  shard('child of old', { parent: 'old', position: 'end', verified: NOW_MS - 5_000 }),
  shard('c', { position: 'at 5' }),
  shard('d', { position: 'end', verified: NOW_MS - 70_000 }),
];
const written = (): string => stateFileText({ source: 'shop', tables: [{ state, units: UNITS }], nowMs: NOW_MS });

/** The file with a part of it replaced. */
const changed = (from: string, to: string): string => {
  const text = written();
  expect(text).toContain(from);
  return text.replace(from, to);
};

describe('a state file', () => {
  test('holds everything that bookmarks need, in one line', () => {
    expect(written()).not.toContain('\n');
    const { source, exportedAtMs, tables } = parseStateFile(written());
    expect([source, exportedAtMs]).toEqual(['shop', NOW_MS]);
    const [table] = tables;
    expect(table).toMatchObject({
      ...{ table: 'orders', phase: 'snapshotting' },
      loading: { version: 3, base: BASE, identity: 'table-1', stream: { laneCount: 32 } },
    });
    const unfinished = UNITS.filter(({ position, shard: bookmark }) => position !== 'end' || bookmark === null);
    const expected = unfinished.map(({ epoch: _, ...unit }) => unit);
    expect(table?.loading?.units.filter(({ position, shard: found }) => position !== 'end' || found === null)).toEqual(
      expected,
    );
  });

  test('keeps of finished shards what their children go on from, and no time that is later than theirs', () => {
    const units = parseStateFile(written()).tables[0]?.loading?.units ?? [];
    const finished = units.filter(({ position, shard: bookmark }) => position === 'end' && bookmark !== null);
    // The end of d is what its children take over: they are not found yet.
    const verifiedThroughMs = NOW_MS - 70_000;
    const bookmarks = finished.map(({ unit, shard: found }) => [unit, found?.parent, found?.verifiedThroughMs]);
    expect(bookmarks).toEqual([
      ['shard:a', null, verifiedThroughMs],
      ['shard:old', null, verifiedThroughMs],
      ['shard:child of old', 'old', verifiedThroughMs],
      ['shard:d', null, verifiedThroughMs],
    ]);
    expect(new Set(finished.map(({ shard: found }) => found?.sequence))).toEqual(new Set([BASE + 7n]));
  });

  test('of 5,000 open shards has less than a megabyte', () => {
    const id = (number: number): string => `shardId-${String(1_763_900_000_000 + number).padStart(20, '0')}-f55eea83`;
    const units = Array.from({ length: 5_000 }, (_, number) => shard(id(number), { parent: id(number + 1) }));
    expect(stateFileText({ source: 'shop', tables: [{ state, units }], nowMs: NOW_MS }).length).toBeLessThan(1_000_000);
  });

  test('of a table between two full readings has no bookmarks', () => {
    const text = stateFileText({
      source: 'shop',
      tables: [{ state: { ...state, loading: null }, units: [] }],
      nowMs: NOW_MS,
    });
    expect(parseStateFile(text).tables).toEqual([{ table: 'orders', phase: 'snapshotting', loading: null }]);
  });

  test.each([
    ['"tributary-state"', '"other"', 'format'],
    ['"format_version":1', '"format_version":2', 'format_version'],
    ['"after 100000000003498069978"', '"after x"', '"after x" is no position of a shard'],
    ['"lane_count":32', '"lane_count":0', 'tables.0.loading.stream.lane_count'],
    ['["c",', '["b",', 'orders has a unit twice'],
    ['"segment:1/2"', '"segment:1"', 'segment:1 is no segment'],
    ['"source":"shop"', '"source":"shop","more":1', 'more'],
  ])('with %s as %s is refused', (from, to, reason) => {
    expect(() => parseStateFile(changed(from, to))).toThrow(
      expect.objectContaining({ message: expect.stringContaining(reason) }),
    );
  });
});
