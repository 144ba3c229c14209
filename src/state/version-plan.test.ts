import { describe, expect, test } from 'vitest';
import type { LoadingVersion, TableState } from '../model/table-state.ts';
import { planVersion } from './version-plan.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const HOUR_MS = 3_600_000;

const loading: LoadingVersion = {
  version: 4,
  placement: 'aside',
  base: 10n,
  identity: 'table-1',
  layout: 'layout-1',
  totalSegments: 8,
  startedAtMs: NOW_MS - 200 * HOUR_MS,
  lastCommitAtMs: NOW_MS - HOUR_MS,
  rowCount: 12,
  stream: null,
};
const state: TableState = {
  source: 'shop',
  table: 'orders',
  destinationSchema: 'shop',
  destinationTable: 'orders',
  phase: 'full-table',
  liveVersion: 3,
  liveRowCount: 100,
  liveSinceMs: NOW_MS - 300 * HOUR_MS,
  loading,
  highestBase: 10n,
  lastResyncAtMs: null,
  resetRequested: false,
};
const plan = (changes: Partial<TableState> | null, now = NOW_MS, isFullyRead = false) =>
  planVersion({
    state: changes === null ? null : { ...state, ...changes },
    units: [{ unit: 'segment:0/1', epoch: 1, position: isFullyRead ? 'end' : 'start', shard: null }],
    identity: 'table-1',
    layout: 'layout-1',
    nowMs: now,
  });

describe('planVersion', () => {
  test('an interrupted version is resumed, however long ago it was begun, while commits went on', () => {
    expect(plan({})).toEqual({ kind: 'resume', version: 4, base: 10n });
  });

  test('a version that was read to its end is swapped in, unless that was refused because its rows are gone', () => {
    const complete = (rowCount: number) => plan({ loading: { ...loading, rowCount } }, NOW_MS, true);
    expect(complete(50)).toMatchObject({ kind: 'resume', version: 4 });
    expect(complete(49)).toMatchObject({ kind: 'begin', version: 5, freshSchema: false });
    expect(plan({ loading: { ...loading, rowCount: 12 } })).toMatchObject({ kind: 'resume' });
  });

  test('a version to which nothing was committed for more than 24 hours is begun anew', () => {
    const idle = { ...loading, lastCommitAtMs: NOW_MS - 24 * HOUR_MS };
    expect(plan({ loading: idle }).kind).toBe('resume');
    expect(plan({ loading: { ...idle, lastCommitAtMs: idle.lastCommitAtMs - 1 } })).toMatchObject({
      kind: 'begin',
      version: 5,
      freshSchema: false,
    });
  });

  test('nothing of a table that was deleted and created again under its name is resumed', () => {
    expect(plan({ loading: { ...loading, identity: 'table-0' } })).toMatchObject({ kind: 'begin', version: 5 });
  });

  test('a table that was followed through its stream is read aside', () => {
    const stream = { arn: 'arn-1', laneCount: 8, gapCount: 0, gapEndMs: null };
    const followed = { loading: { ...loading, placement: 'live', version: 3, stream } as const };
    expect(plan(followed)).toMatchObject({ kind: 'begin', version: 4, freshSchema: false });
  });

  test('a changed projection begins a new version', () => {
    expect(plan({ loading: { ...loading, layout: 'layout-0' } })).toMatchObject({ kind: 'begin', version: 5 });
  });

  test('a finished table begins the version after the live one and keeps its schema', () => {
    expect(plan({ loading: null })).toMatchObject({ kind: 'begin', version: 4, freshSchema: false });
  });

  test('a reset begins with a fresh schema', () => {
    expect(plan({ loading: null, resetRequested: true })).toMatchObject({ kind: 'begin', freshSchema: true });
  });

  test('a table that was never replicated begins with version 1', () => {
    expect(plan(null)).toMatchObject({ kind: 'begin', version: 1, freshSchema: true });
  });

  test('the base rises above every earlier one although the clock jumped back', () => {
    const before = BigInt(NOW_MS) * 1000n;
    expect(plan({ loading: null, highestBase: before })).toMatchObject({ base: before + 1n });
    expect(plan({ loading: null, highestBase: before }, NOW_MS - HOUR_MS)).toMatchObject({ base: before + 1n });
    expect(plan({ loading: null, highestBase: 10n })).toMatchObject({ base: before });
  });
});
