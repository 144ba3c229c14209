import { expect, test } from 'vitest';
import { recordsPage } from '../../test/support/records-page.ts';
import type { Batch } from '../model/batch.ts';
import { shardUnit } from '../model/unit.ts';
import type { ShardBookmark, UnitState } from '../model/unit-state.ts';
import { ByteBudget } from '../platform/byte-budget.ts';
import { createUnitProgress } from '../state/unit-progress.ts';
import type { LaneLoader } from './lane-loader.ts';
import { createStreamSink } from './stream-sink.ts';
import { createTableCounters } from './table-counters.ts';

const BASE = 1_000n;

function shard(shardId: string, changes: Partial<ShardBookmark> & Pick<UnitState, 'position'>): UnitState {
  const { position, ...bookmark } = changes;
  const shardBookmark = {
    parent: null,
    lane: 0,
    sequence: BASE,
    firstListedAtMs: 0,
    verifiedThroughMs: 0,
    ...bookmark,
  };
  return { unit: shardUnit(shardId), epoch: 1, position, shard: shardBookmark };
}

/** A sink whose loader keeps what it is given. */
function collect(units: readonly UnitState[]) {
  const progress = createUnitProgress(units, 1);
  const batches: Batch[] = [];
  const loader: LaneLoader = {
    take: ({ batch }, advance) => {
      advance();
      batches.push(batch);
    },
    touch: () => {},
    touchVerified: () => {},
    flush: async () => {},
    afterFlush: (use) => use(),
    finish: async () => {},
  };
  const sink = createStreamSink({
    loader,
    progress,
    base: BASE,
    memory: new ByteBudget(1),
    counters: createTableCounters('orders'),
    onProgress: () => {},
  });
  const changes = (shardId: string, from: 'start' | `after ${string}` | `at ${string}`, numbers: readonly string[]) =>
    sink.changes({
      shardId,
      from,
      to: `after ${numbers.at(-1)}`,
      records: recordsPage(numbers),
      answeredAtMs: 0,
      receivedAtMs: 0,
      heldBytes: 0,
      verifiedThroughMs: 0,
    });
  const sequences = () => batches.map(({ changes: rows }) => [...(rows?.sequences ?? [])]);
  return { sink, progress, changes, sequences };
}

const child = (shardId: string, parentShardId: string) =>
  ({ shardId, parentShardId, position: 'at 1', firstListedAtMs: 0, verifiedThroughMs: 0 }) as const;

test('each change is one above the last of its shard, and all are above the base', () => {
  const { changes, sequences } = collect([shard('a', { position: 'start', sequence: 5n })]);
  changes('a', 'start', ['10', '11']);
  changes('a', 'after 11', ['15']);
  expect(sequences()).toEqual([[1_001n, 1_002n], [1_003n]]);
});

test('a child goes on from its parent, also past a shard that never had a record', () => {
  const { sink, changes, sequences } = collect([shard('a', { position: 'after 9', sequence: 5_000n })]);
  sink.finished({ shardId: 'a', from: 'after 9', children: [child('b', 'a')], waiting: [] });
  sink.finished({ shardId: 'b', from: 'at 1', children: [child('c', 'b')], waiting: [] });
  changes('c', 'at 1', ['20']);
  expect(sequences()).toEqual([[5_001n]]);
});

test('a child that was captured together with its parent goes on from what the parent had at its end', () => {
  const units = [shard('a', { position: 'start' }), shard('b', { position: 'start', parent: 'a' })];
  const { sink, changes, sequences } = collect(units);
  changes('a', 'start', ['1', '2', '3']);
  sink.finished({ shardId: 'a', from: 'after 3', children: [], waiting: ['b'] });
  changes('b', 'start', ['4']);
  expect(sequences()).toEqual([[1_001n, 1_002n, 1_003n], [1_004n]]);
});
