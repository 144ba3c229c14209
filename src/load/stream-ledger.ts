import type { UnitId } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import type { FinishChanges, HaltTable, ResyncVersion } from './destination.ts';
import {
  type LoadingLedger,
  loadingVersion,
  nameOf,
  type TableLedger,
  type VersionId,
  withEpoch,
  withLoading,
} from './table-ledger.ts';

/* The steps of a ledger that only versions with a stream take. */

/** Reads the version again in place: see `Destination.gaps.resync`. */
export function resyncVersion<Parts>(ledger: TableLedger<Parts>, request: ResyncVersion): TableLedger<Parts> {
  const { raisedBase, identity, stream, segments, captured, dropped, asked, nowMs } = request;
  const loading = followingVersion(ledger, request);
  if (raisedBase <= ledger.highestBase) {
    throw new TributaryError('BUG', `The raised base of ${nameOf(ledger)} is not above ${ledger.highestBase}`);
  }
  const highestEpoch = ledger.highestEpoch + 1;
  const gone = new Set<UnitId>(dropped);
  const kept = [...loading.units.values()].filter(({ unit, shard }) => shard !== null && !gone.has(unit));
  const units = withEpoch([...kept, ...captured, ...segments], highestEpoch);
  const phase = loading.phase === 'snapshotting' ? 'snapshotting' : 'resyncing';
  const resynced = { ...loading, base: raisedBase, identity, stream, phase, units, lastCommitAtMs: nowMs } as const;
  const lastResyncAtMs = asked ? ledger.lastResyncAtMs : nowMs;
  return withLoading({ ...ledger, highestBase: raisedBase, highestEpoch, lastResyncAtMs }, resynced);
}

/** Stops the table until a person decides. */
export function haltTable<Parts>(ledger: TableLedger<Parts>, request: HaltTable): TableLedger<Parts> {
  return { ...ledger, loading: { ...followingVersion(ledger, request), phase: request.phase } };
}

/** Puts units where a person wants them: see `RunStore.rewriteUnits`. */
export function rewriteUnits<Parts>(
  ledger: TableLedger<Parts>,
  id: VersionId,
  rewritten: readonly NewUnit[],
): TableLedger<Parts> {
  const loading = loadingVersion(ledger, id);
  const highestEpoch = ledger.highestEpoch + 1;
  const units = withEpoch([...loading.units.values(), ...rewritten], highestEpoch);
  return { ...ledger, highestEpoch, loading: { ...loading, units } };
}

/** Rejects with BUG while a shard that has not ended is not known to be read through `caughtUpWithMs`. */
export function requireCaughtUp<Parts>(
  ledger: TableLedger<Parts>,
  id: VersionId,
  { caughtUpWithMs }: FinishChanges,
): void {
  const { units } = followingVersion(ledger, id);
  const behind = [...units.values()].filter(
    ({ position, shard }) => position !== 'end' && shard !== null && shard.verifiedThroughMs < caughtUpWithMs,
  );
  if (behind.length === 0) return;
  throw new TributaryError('BUG', `Version ${id.version} of ${nameOf(ledger)} has ${behind.length} shards to catch up`);
}

function followingVersion<Parts>(ledger: TableLedger<Parts>, id: VersionId): LoadingLedger<Parts> {
  const loading = loadingVersion(ledger, id);
  if (loading.stream !== null) return loading;
  throw new TributaryError('BUG', `Version ${id.version} of ${nameOf(ledger)} has no stream`);
}
