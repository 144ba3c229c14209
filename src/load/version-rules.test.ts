import { describe, expect, test } from 'vitest';
import { newShard, STREAM, shards } from '../../test/support/stream-samples.ts';
import type { UnitState } from '../model/unit-state.ts';
import type { BeginVersion, ResyncVersion } from './destination.ts';
import { requireBeginning, requireComplete, requireStream, resynced } from './version-rules.ts';

const VERSION = { source: 'shop', table: 'orders', version: 2 };

function bug(message: string) {
  return expect.objectContaining({ code: 'BUG', message });
}

describe('a version that begins', () => {
  const begin: BeginVersion = {
    ...{ ...VERSION, base: 20n, placement: 'live', stream: STREAM, identity: 'table-id-1', layout: 'layout-1' },
    ...{ destinationSchema: 'shop', destinationTable: 'orders', units: [], answersReset: false, gaps: [], nowMs: 1 },
    plan: { schemaVersion: 1, columns: [] },
    schema: { schemaVersion: 1, columns: [] },
  };

  test('is in sight of readers only where they have none, and where it follows a stream', () => {
    const hidden = bug('Version 2 of shop.orders cannot be loaded in sight of readers');
    const [nothing, something] = [
      { liveVersion: 0, highestBase: 10n },
      { liveVersion: 1, highestBase: 10n },
    ];
    expect(() => requireBeginning(begin, nothing)).not.toThrow();
    expect(() => requireBeginning(begin, something)).toThrow(hidden);
    expect(() => requireBeginning({ ...begin, stream: null }, nothing)).toThrow(hidden);
    expect(() => requireBeginning({ ...begin, stream: null, placement: 'aside' }, something)).not.toThrow();
  });
});

describe('a version that ends its reading', () => {
  const [shard = 'shard:a'] = shards(1);
  const units: readonly UnitState[] = [
    { unit: 'segment:0/1', epoch: 1, position: 'end', shard: null },
    { ...newShard(shard, { verifiedThroughMs: 5 }), epoch: 1 },
  ];
  const changes = { caughtUpWithMs: 5, deletes: 'soft', keepExpiredBy: null } as const;

  test('takes changes where it follows a stream, and only there', () => {
    expect(() => requireComplete({ ...VERSION, changes }, { stream: STREAM, units })).not.toThrow();
    expect(() => requireComplete({ ...VERSION, changes: null }, { stream: STREAM, units })).toThrow(
      bug('Version 2 of shop.orders follows a stream'),
    );
    expect(() => requireComplete({ ...VERSION, changes }, { stream: null, units: [] })).toThrow(
      bug('Version 2 of shop.orders has no stream'),
    );
  });

  test('asks shards that are open for nothing where those are left alone', () => {
    const complete = (caughtUpWithMs: number | null) => () =>
      requireComplete({ ...VERSION, changes: { ...changes, caughtUpWithMs } }, { stream: STREAM, units });
    expect(complete(6)).toThrow(bug('Version 2 of shop.orders has 1 shards to catch up'));
    expect(complete(null)).not.toThrow();
  });
});

describe('a version that is read again in place', () => {
  const resync: ResyncVersion = {
    ...{ ...VERSION, base: 20n, raisedBase: 21n, identity: 'table-id-1', stream: STREAM, gaps: [], asked: false },
    ...{ segments: [], captured: [], dropped: [], nowMs: 7 },
  };
  const before = { phase: 'following', highestBase: 20n, lastResyncAtMs: 1, units: [] } as const;

  test('gets a base above all others', () => {
    expect(resynced(resync, before)).toEqual({ phase: 'resyncing', lastResyncAtMs: 7, units: [] });
    expect(() => resynced(resync, { ...before, highestBase: 21n })).toThrow(
      bug('The raised base of shop.orders is not above 21'),
    );
  });

  test('has a stream', () => {
    expect(() => requireStream(VERSION, STREAM)).not.toThrow();
    expect(() => requireStream(VERSION, null)).toThrow(bug('Version 2 of shop.orders has no stream'));
  });
});
