import type { NewUnit } from '../model/unit-state.ts';
import type { HaltTable, LoadTarget, ResyncVersion } from './destination.ts';
import {
  type LoadingLedger,
  loadingVersion,
  type TableLedger,
  type VersionId,
  withEpoch,
  withLoading,
} from './table-ledger.ts';
import { requireStream, resynced } from './version-rules.ts';

/* The steps of a ledger that only versions with a stream take. */

/** Reads the version again in place: see `Destination.gaps.resync`. */
export function resyncVersion<Parts>(ledger: TableLedger<Parts>, request: ResyncVersion): TableLedger<Parts> {
  const { raisedBase: base, identity, stream, nowMs } = request;
  const loading = followingVersion(ledger, request);
  const before = { ...ledger, phase: loading.phase, units: [...loading.units.values()] };
  const { lastResyncAtMs, phase, units: bookmarks } = resynced(request, before);
  const highestEpoch = ledger.highestEpoch + 1;
  const units = withEpoch(bookmarks, highestEpoch);
  const next = { ...loading, base, identity, stream, phase, units, lastCommitAtMs: nowMs };
  return withLoading({ ...ledger, highestBase: base, highestEpoch, lastResyncAtMs }, next);
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

function followingVersion<Parts>(ledger: TableLedger<Parts>, request: LoadTarget & VersionId): LoadingLedger<Parts> {
  const loading = loadingVersion(ledger, request);
  requireStream(request, loading.stream);
  return loading;
}
