import { describe, expect, test } from 'vitest';
import type { ListedShard } from '../connection/stream-calls.ts';
import { afterKey, type Position } from '../model/position.ts';
import { segmentUnit, shardUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { silentLogger } from '../platform/logger.ts';
import { initialSchema } from '../schema/merge.ts';
import { formatTapBookmark, parseTapState } from '../singer/tap-state.ts';
import { bookmarkOf } from './bookmark.ts';
import { resumeFromBookmark } from './resume.ts';
import type { TableProgress } from './table-progress.ts';
import type { TapLoading } from './tap-ledger.ts';

const HOUR_MS = 3_600_000;
/** When ours has written its state last. */
const WRITTEN_AT_MS = Date.UTC(2026, 5, 1, 12);
const VERSION = WRITTEN_AT_MS - 100 * HOUR_MS;
const OUR_SUCCESS = '2026-06-01T11:59:00.000000Z';
const KEY = [{ name: 'pk', type: 'S' }] as const;
type Bookmark = Readonly<Record<string, unknown>>;

function loading(units: readonly UnitState[], more: Partial<TapLoading>): TapLoading {
  return {
    ...{ version: 3, base: 10n, placement: 'live', identity: 'ours', layout: 'layout', rowCount: 5 },
    ...{ startedAtMs: VERSION, lastCommitAtMs: WRITTEN_AT_MS, phase: null, stream: null },
    ...{ schema: initialSchema(KEY), parts: { singerVersion: VERSION, key: KEY } },
    units: new Map(units.map((unit) => [unit.unit, unit])),
    ...more,
  };
}

/** What ours has written of a table. */
function written(of: TapLoading, method: 'FULL_TABLE' | 'LOG_BASED'): Bookmark {
  const { version, base, schema, parts } = of;
  const live = of.placement === 'live' ? { version, base, schema, parts, sinceMs: 1, rowCount: 0 } : null;
  const progress: TableProgress = {
    ledger: {
      ...{ source: '', table: 'orders', destinationSchema: '', destinationTable: 'orders', live, loading: of },
      ...{ highestBase: base, highestEpoch: 0, lastResyncAtMs: null, resetRequested: false },
    },
    ...{ gap: null, succeededAtMs: Date.parse(OUR_SUCCESS) },
  };
  const options = { was: null, method, keepsTypes: false, nowMs: WRITTEN_AT_MS };
  return { ...formatTapBookmark(bookmarkOf(progress, options)) };
}

function listed(shardId: string, parentShardId: string | null, first = 1): ListedShard {
  return { shardId, parentShardId, startingSequenceNumber: String(first), endingSequenceNumber: null };
}

/** Goes on from the bookmark; says what came of it and whether the source was asked. */
async function resume(bookmark: Bookmark, method: 'FULL_TABLE' | 'LOG_BASED', listing: readonly ListedShard[] = []) {
  const parsed = parseTapState({ bookmarks: { orders: bookmark } }).bookmarks.get('orders');
  if (parsed === undefined) throw new Error('the state has no orders');
  let isAsked = false;
  const source = async () => {
    isAsked = true;
    return { identity: 'now', layout: 'layout', key: KEY, streamArn: 'arn', listing, awsNowMs: WRITTEN_AT_MS };
  };
  const options = { table: 'orders', method, source, nowMs: WRITTEN_AT_MS, log: silentLogger };
  const progress = await resumeFromBookmark(parsed, options);
  const of = progress?.ledger.loading ?? null;
  const positions = Object.fromEntries([...(of?.units.values() ?? [])].map(({ unit, position }) => [unit, position]));
  return { progress, loading: of, positions, isAsked };
}

describe('a FULL_TABLE bookmark', () => {
  const python = {
    ...{ last_replication_method: 'FULL_TABLE', version: VERSION, initial_full_table_complete: true },
    success_timestamp: OUR_SUCCESS,
  };
  const segment = (position: Position, index = 0, totalSegments = 1): UnitState => {
    return { unit: segmentUnit({ segment: index, totalSegments }), position, shard: null, epoch: 0 };
  };
  const behindA = afterKey('{"pk":{"S":"a"}}');
  const ours = written(loading([segment(behindA)], { placement: 'aside' }), 'FULL_TABLE');

  test('of the Python tap between two runs is the version before the next one', async () => {
    const { progress, loading: none, isAsked } = await resume(python, 'FULL_TABLE');
    expect({ ledger: progress?.ledger.loading, none, isAsked }).toEqual({ ledger: null, none: null, isAsked: false });
  });

  test('of an interrupted run of the Python tap goes on behind its key, in its version', async () => {
    const interrupted = { ...python, last_evaluated_key: { pk: { S: 'x' } } };
    const { loading: of, positions } = await resume(interrupted, 'FULL_TABLE');
    expect(of).toMatchObject({
      identity: 'now',
      layout: 'layout',
      placement: 'aside',
      parts: { singerVersion: VERSION },
    });
    expect(positions).toEqual({ 'segment:0/1': 'after {"pk":{"S":"x"}}' });
  });

  test('of ours goes on where it is, with all of its segments', async () => {
    const { positions, isAsked } = await resume(ours, 'FULL_TABLE');
    expect({ positions, isAsked }).toEqual({ positions: { 'segment:0/1': behindA }, isAsked: false });
    const two = loading([segment(behindA, 0, 2), segment('end', 1, 2)], { placement: 'aside' });
    expect((await resume(written(two, 'FULL_TABLE'), 'FULL_TABLE')).positions).toEqual({
      'segment:0/2': behindA,
      'segment:1/2': 'end',
    });
  });

  test('of ours that the Python tap has gone on with goes on behind its key', async () => {
    const { positions } = await resume({ ...ours, last_evaluated_key: { pk: { S: 'm' } } }, 'FULL_TABLE');
    expect(positions).toEqual({ 'segment:0/1': 'after {"pk":{"S":"m"}}' });
  });

  test('of ours that the Python tap has finished is complete', async () => {
    const { last_evaluated_key: _, ...finished } = ours;
    const { progress } = await resume({ ...finished, initial_full_table_complete: true }, 'FULL_TABLE');
    expect(progress?.ledger).toMatchObject({ loading: null, live: { version: 3, parts: { singerVersion: VERSION } } });
  });

  test('of ours that was merged with the key of another table stays where ours is', async () => {
    const merged = { ...ours, last_evaluated_key: { pk: { S: 'a', N: '1' } } };
    expect((await resume(merged, 'FULL_TABLE')).positions).toEqual({ 'segment:0/1': behindA });
  });

  test('of ours that the Python tap has begun another version with is that of the Python tap', async () => {
    const next = { ...ours, version: VERSION + 1, last_evaluated_key: { pk: { S: 'b' } } };
    const { loading: of, positions } = await resume(next, 'FULL_TABLE');
    expect(of).toMatchObject({ parts: { singerVersion: VERSION + 1 } });
    expect(positions).toEqual({ 'segment:0/1': 'after {"pk":{"S":"b"}}' });
  });

  test.each([
    ['nothing', {}],
    ['two values', { pk: { S: 'a', N: '1' } }],
    ['no type of a key', { pk: { BOOL: 'true' } }],
  ])('of the Python tap whose key has %s is refused by name', async (_, key) => {
    await expect(resume({ ...python, last_evaluated_key: key }, 'FULL_TABLE')).rejects.toMatchObject({
      code: 'STATE_INVALID',
      message: 'orders: last_evaluated_key in the state is no key of an item',
      hint: expect.stringContaining('bookmarks.orders'),
    });
    const { positions } = await resume({ ...ours, last_evaluated_key: key }, 'FULL_TABLE');
    expect(positions).toEqual({ 'segment:0/1': behindA });
  });

  test('is worth nothing for another method, and none at all before the first version', async () => {
    expect((await resume(ours, 'LOG_BASED')).progress).toBeNull();
    expect((await resume({ version: null }, 'FULL_TABLE')).progress).toBeNull();
  });

  test.each([
    ['no JSON', '{'],
    ['of a newer version', JSON.stringify({ format: 2 })],
    ['of nobody', JSON.stringify([])],
  ])('with a text of ours that is %s is refused', async (_, tributary) => {
    await expect(resume({ ...ours, tributary }, 'FULL_TABLE')).rejects.toMatchObject({
      code: 'STATE_INVALID',
      hint: expect.stringContaining('bookmarks.orders'),
    });
  });
});

describe('a LOG_BASED bookmark', () => {
  const shard = (id: string, parent: string | null, position: Position): UnitState => {
    const times = { verifiedThroughMs: WRITTEN_AT_MS - 1000, firstListedAtMs: WRITTEN_AT_MS - HOUR_MS };
    return { unit: shardUnit(id), position, epoch: 0, shard: { parent, lane: 1, sequence: 10n, ...times } };
  };
  const stream = { arn: 'arn', laneCount: 32, gapCount: 0, gapEndMs: null };
  /** a is read, its child b is open. */
  const ours = (phase: TapLoading['phase'] = 'following', b: Position = 'after 500') =>
    written(loading([shard('a', null, 'end'), shard('b', 'a', b)], { stream, phase }), 'LOG_BASED');
  const LISTING = [listed('a', null, 100), listed('b', 'a', 400), listed('c', 'b', 800)];
  const later = (hours: number): string => new Date(WRITTEN_AT_MS + hours * HOUR_MS).toISOString();

  test('of the Python tap goes on from its shards', async () => {
    const python = {
      ...{ last_replication_method: 'LOG_BASED', version: VERSION, initial_full_table_complete: true },
      ...{ finished_shards: ['a'], shard_seq_numbers: { b: '450' }, success_timestamp: OUR_SUCCESS },
    };
    const { loading: of, positions } = await resume(python, 'LOG_BASED', LISTING);
    expect(of).toMatchObject({ phase: 'following', stream: { arn: 'arn' }, parts: { singerVersion: VERSION } });
    expect(positions).toEqual({ 'shard:a': 'end', 'shard:b': 'after 450' });
  });

  test('of a first load of the Python tap that is half done goes on with that', async () => {
    const python = {
      ...{ last_replication_method: 'LOG_BASED', version: VERSION, finished_shards: ['a'] },
      last_evaluated_key: { pk: { S: 'k' } },
    };
    const { loading: of, positions } = await resume(python, 'LOG_BASED', LISTING);
    expect(of).toMatchObject({ phase: 'snapshotting', placement: 'live' });
    expect(positions).toEqual({ 'segment:0/1': 'after {"pk":{"S":"k"}}', 'shard:a': 'end' });
  });

  test('of ours goes on without a question', async () => {
    const { positions, isAsked } = await resume(ours(), 'LOG_BASED');
    expect({ positions, isAsked }).toEqual({ positions: { 'shard:a': 'end', 'shard:b': 'after 500' }, isAsked: false });
  });

  test.each([
    ['a shard that it has finished', { finished_shards: ['a', 'b'], shard_seq_numbers: {} }, { b: 'end' }],
    ['the shard after that', { finished_shards: ['a', 'b', 'c'], shard_seq_numbers: {} }, { b: 'end', c: 'end' }],
    [
      'the middle of one',
      { finished_shards: ['a', 'b'], shard_seq_numbers: { c: '900' } },
      { b: 'end', c: 'after 900' },
    ],
    ['a greater number', { shard_seq_numbers: { b: '501' } }, { b: 'after 501' }],
    ['a smaller number', { shard_seq_numbers: { b: '499' } }, { b: 'after 500' }],
    ['a number of more digits', { shard_seq_numbers: { b: '1000' } }, { b: 'after 1000' }],
    ['a number of a finished shard, left over', { shard_seq_numbers: { a: '150', b: '500' } }, { b: 'after 500' }],
    ['shards that are not listed, left over', { finished_shards: ['a', 'x'], shard_seq_numbers: { y: '1' } }, {}],
  ])('of ours that the Python tap has gone on with takes over %s', async (_, changes, expected) => {
    const all = { a: 'end', b: 'after 500', ...expected };
    const { positions } = await resume({ ...ours(), ...changes }, 'LOG_BASED', LISTING);
    const units = Object.entries(all).map(([id, position]) => [`shard:${id}`, position]);
    expect(positions).toEqual(Object.fromEntries(units));
  });

  test('of ours does not count what the Python tap has read before its parent', async () => {
    const { positions } = await resume({ ...ours(), finished_shards: ['a', 'c'] }, 'LOG_BASED', LISTING);
    expect(positions).toEqual({ 'shard:a': 'end', 'shard:b': 'after 500', 'shard:c': 'at 800' });
  });

  test('of ours takes a shard that is gone for read when the Python tap has succeeded since it was closed', async () => {
    const gone = [listed('z', 'y', 5000)];
    const changes = { finished_shards: ['y', 'z'], shard_seq_numbers: {} };
    const { positions, loading: of } = await resume(
      { ...ours(), ...changes, success_timestamp: later(30) },
      'LOG_BASED',
      gone,
    );
    expect(positions).toEqual({ 'shard:a': 'end', 'shard:b': 'end', 'shard:y': 'end', 'shard:z': 'end' });
    for (const { shard: bookmark } of of?.units.values() ?? []) {
      expect(bookmark?.verifiedThroughMs).toBeGreaterThanOrEqual(
        bookmark?.parent === null ? WRITTEN_AT_MS - 1000 : WRITTEN_AT_MS + 25 * HOUR_MS,
      );
    }
  });

  test('of ours leaves a shard that is gone to whoever finds the gap when nobody can have read it', async () => {
    const { positions } = await resume({ ...ours(), success_timestamp: later(2) }, 'LOG_BASED', [listed('z', 'y')]);
    expect(positions).toEqual({ 'shard:a': 'end', 'shard:b': 'after 500' });
  });

  test('of ours whose reading is half done is a sign for the Python tap to begin anew, and goes on by itself', async () => {
    for (const phase of ['snapshotting', 'resyncing', 'gap'] as const) {
      const halfDone = ours(phase);
      expect(halfDone).toMatchObject({
        initial_full_table_complete: false,
        success_timestamp: '1970-01-01T00:00:00.000000Z',
      });
      expect((await resume(halfDone, 'LOG_BASED')).loading?.phase).toBe(phase);
    }
  });

  test('that the Python tap has begun anew is its own, also when the text of ours comes back by a merge', async () => {
    const anew = { ...ours('snapshotting'), version: VERSION + 9, finished_shards: ['a', 'b', 'c'] };
    const { loading: of, positions } = await resume(
      { ...anew, initial_full_table_complete: true, success_timestamp: later(1) },
      'LOG_BASED',
      LISTING,
    );
    expect(of).toMatchObject({ phase: 'following', parts: { singerVersion: VERSION + 9 } });
    expect(positions).toEqual({ 'shard:a': 'end', 'shard:b': 'end', 'shard:c': 'end' });
  });

  test('of a reading that the Python tap has begun since its last success is half done, whatever a merge says', async () => {
    const before = {
      ...{ last_replication_method: 'LOG_BASED', version: VERSION, initial_full_table_complete: true },
      ...{ finished_shards: ['a'], shard_seq_numbers: {}, success_timestamp: OUR_SUCCESS },
    };
    // It had aged out: all of its bookmark was removed, and that is what a merge does not see.
    const anew = { version: WRITTEN_AT_MS + 20 * HOUR_MS, finished_shards: ['a', 'b'] };
    const key = { last_evaluated_key: { pk: { S: 'k' } } };
    const first = await resume(deepMerge(before, anew), 'LOG_BASED', LISTING);
    const second = await resume(deepMerge(before, { ...anew, ...key }), 'LOG_BASED', LISTING);
    const shardsThen = { 'shard:a': 'end', 'shard:b': 'end' };
    expect(first.loading?.phase).toBe('snapshotting');
    expect(first.positions).toEqual({ 'segment:0/1': 'start', ...shardsThen });
    expect(second.loading?.phase).toBe('snapshotting');
    expect(second.positions).toEqual({ 'segment:0/1': 'after {"pk":{"S":"k"}}', ...shardsThen });
  });

  test('that the Python tap has begun anew does not go on behind a key of ours that came back by a merge', async () => {
    const halfDone = written(
      loading([segmentAt(afterKey('{"pk":{"S":"o"}}')), shard('a', null, 'end')], { stream, phase: 'snapshotting' }),
      'LOG_BASED',
    );
    const anew = { version: VERSION + 9, finished_shards: ['a', 'b'] };
    const { positions, loading: of } = await resume(deepMerge(halfDone, anew), 'LOG_BASED', LISTING);
    expect(of).toMatchObject({ phase: 'snapshotting', parts: { singerVersion: VERSION + 9 } });
    expect(positions).toEqual({ 'segment:0/1': 'start', 'shard:a': 'end', 'shard:b': 'end' });
  });

  test('of ours is not changed by a deep merge with an older one, as Meltano makes it of incomplete runs', async () => {
    const older = written(
      loading([segmentAt(afterKey('{"pk":{"S":"o"}}')), shard('a', null, 'after 7'), shard('n', null, 'after 3')], {
        ...{ stream, phase: 'snapshotting' },
      }),
      'LOG_BASED',
    );
    const merged = deepMerge(older, ours());
    expect(merged['shard_seq_numbers']).toEqual({ a: '7', n: '3', b: '500' });
    const { positions, loading: of } = await resume(merged, 'LOG_BASED', LISTING);
    expect(positions).toEqual({ 'shard:a': 'end', 'shard:b': 'after 500' });
    expect(of?.phase).toBe('following');
  });
});

function segmentAt(position: Position): UnitState {
  return { unit: segmentUnit({ segment: 0, totalSegments: 1 }), position, shard: null, epoch: 0 };
}

/** Objects are merged, everything else is replaced, nothing is ever removed. */
function deepMerge(older: Bookmark, newer: Bookmark): Bookmark {
  const merged: Record<string, unknown> = { ...older };
  for (const [key, value] of Object.entries(newer)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value) ? deepMerge(before, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Bookmark {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
