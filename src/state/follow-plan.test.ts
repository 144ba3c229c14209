import { describe, expect, test } from 'vitest';
import type { LoadingVersion, TableState } from '../model/table-state.ts';
import type { UnitState } from '../model/unit-state.ts';
import { planFollowing } from './follow-plan.ts';

const NOW_MS = Date.UTC(2026, 5, 1);

const loading: LoadingVersion = {
  version: 1,
  placement: 'live',
  base: 10n,
  identity: 'table-1',
  layout: 'layout-1',
  totalSegments: 0,
  startedAtMs: 0,
  lastCommitAtMs: 0,
  rowCount: 12,
  stream: { arn: 'arn-1', laneCount: 8, gapCount: 0, gapEndMs: null },
};
const state: TableState = {
  source: 'shop',
  table: 'orders',
  destinationSchema: 'shop',
  destinationTable: 'orders',
  phase: 'following',
  liveVersion: 1,
  liveRowCount: 12,
  liveSinceMs: 0,
  loading,
  highestBase: 10n,
  lastResyncAtMs: null,
  resetRequested: false,
};
const plan = (changes: Partial<TableState> | null, units: readonly UnitState[] = [], waitsForStream = false) =>
  planFollowing({
    state: changes === null ? null : { ...state, ...changes },
    units,
    identity: 'table-1',
    layout: 'layout-1',
    streamArn: 'arn-1',
    waitsForStream,
    nowMs: NOW_MS,
  });

describe('planFollowing', () => {
  test('a table goes on from its bookmarks, however long ago that was', () => {
    expect(plan({})).toEqual({ kind: 'follow', loading });
    expect(plan({ phase: 'snapshotting' })).toMatchObject({ kind: 'follow' });
    expect(plan({ phase: 'resyncing' })).toMatchObject({ kind: 'follow' });
  });

  test('the first version is loaded where readers see it, later ones aside', () => {
    expect(plan(null)).toMatchObject({ kind: 'begin', version: 1, placement: 'live', freshSchema: true });
    expect(plan({ loading: null, phase: 'full-table' })).toMatchObject({
      kind: 'begin',
      version: 2,
      placement: 'aside',
      freshSchema: false,
    });
    expect(plan({ resetRequested: true })).toMatchObject({ kind: 'begin', placement: 'aside', freshSchema: true });
  });

  test('another projection makes other rows and begins a version aside', () => {
    expect(plan({ loading: { ...loading, layout: 'layout-0' } })).toMatchObject({ kind: 'begin', placement: 'aside' });
  });

  test('a table of another identity, or with another stream, has a gap', () => {
    expect(plan({ loading: { ...loading, identity: 'table-0' } })).toMatchObject({
      kind: 'gap',
      gap: { kind: 'table-replaced' },
    });
    const stream = { arn: 'arn-0', laneCount: 8, gapCount: 0, gapEndMs: null };
    expect(plan({ loading: { ...loading, stream } })).toMatchObject({
      kind: 'gap',
      gap: { kind: 'stream-replaced' },
    });
  });

  test('a table with a gap or a failed snapshot waits for a person', () => {
    expect(plan({ phase: 'gap' })).toMatchObject({ kind: 'waits', phase: 'gap' });
    expect(plan({ phase: 'failed' })).toMatchObject({ kind: 'waits', phase: 'failed' });
    expect(plan({ phase: 'gap', resetRequested: true })).toMatchObject({ kind: 'begin' });
  });

  test('a table that waits is not found to have lost its source again in every run', () => {
    const elsewhere = { ...loading, stream: { arn: 'arn-0', laneCount: 8, gapCount: 0, gapEndMs: null } };
    expect(plan({ phase: 'gap', loading: elsewhere })).toMatchObject({ kind: 'waits', phase: 'gap' });
    expect(plan({ phase: 'failed', loading: elsewhere })).toMatchObject({ kind: 'waits', phase: 'failed' });
  });

  test('a table that waits for a stream goes on when it has another one, not before', () => {
    const elsewhere = { ...loading, stream: { arn: 'arn-0', laneCount: 8, gapCount: 0, gapEndMs: null } };
    expect(plan({ phase: 'gap', loading: elsewhere }, [], true)).toMatchObject({ kind: 'gap' });
    expect(plan({ phase: 'gap' }, [], true)).toMatchObject({ kind: 'waits' });
  });

  test('another projection does not hide that the stream is another one', () => {
    const elsewhere = {
      ...loading,
      layout: 'layout-0',
      stream: { arn: 'arn-0', laneCount: 8, gapCount: 0, gapEndMs: null },
    };
    expect(plan({ loading: elsewhere })).toMatchObject({ kind: 'begin', gap: { kind: 'stream-replaced' } });
  });

  test('the base of a version is above the sequence of every shard, also when the clock is behind', () => {
    const sequence = BigInt(NOW_MS) * 1000n + 5n;
    const shard = { parent: null, lane: 0, sequence, firstListedAtMs: 0, verifiedThroughMs: 0 };
    const units: readonly UnitState[] = [{ unit: 'shard:a', epoch: 1, position: 'at 1', shard }];
    expect(plan({ resetRequested: true }, units)).toMatchObject({ base: sequence + 1n });
    expect(plan({ resetRequested: true })).toMatchObject({ base: BigInt(NOW_MS) * 1000n });
  });
});
