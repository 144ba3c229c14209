import { isShrink } from '../model/shrink.ts';
import type { FollowedStream, LoadingVersion, TablePhase, TableState } from '../model/table-state.ts';
import { parseSegmentUnit, type UnitId } from '../model/unit.ts';
import type { NewUnit, UnitMove, UnitState } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import type { BeginVersion, FinishVersion, Lane, LoadTarget, ResyncVersion } from './destination.ts';
import { fenced } from './fenced.ts';
import { shrinkRefused } from './shrink-refused.ts';

/*
 * The rules by which the versions of a table change, the same for every destination, whatever it stores them in: they
 * judge and work out, adapters read and store.
 */

type VersionOf = LoadTarget & Pick<Lane, 'version'>;

/**
 * Rejects with FENCED when another version was begun since the request was made up: then its number or its base is not
 * above all others.
 */
export function requireBeginning(request: BeginVersion, before: Pick<TableState, 'liveVersion' | 'highestBase'>): void {
  const { version, base, placement, stream } = request;
  const { liveVersion, highestBase } = before;
  if (version <= liveVersion || base <= highestBase) throw fenced(request, 'the refresh');
  if (placement === 'live' && (liveVersion > 0 || stream === null)) {
    throw new TributaryError('BUG', `${nameOf(request)} cannot be loaded in sight of readers`);
  }
}

/** The units of the lane as they are taken over: those that are not at `end` get the epoch. */
export function takenUnits(
  lane: Pick<Lane, 'source' | 'table' | 'units'>,
  present: ReadonlyMap<UnitId, UnitState>,
  epoch: number,
): ReadonlyMap<UnitId, UnitState> {
  const taken = new Map<UnitId, UnitState>();
  for (const unit of lane.units) {
    const state = present.get(unit);
    // Somebody else has pruned it since the units were read.
    if (state === undefined) throw fenced(lane, `the unit ${unit}`);
    taken.set(unit, state.position === 'end' ? state : { ...state, epoch });
  }
  return taken;
}

/** The unit of the move; rejects with FENCED when it is not where and whose the move says. */
export function heldUnit(
  target: LoadTarget,
  present: ReadonlyMap<UnitId, UnitState>,
  { unit, epoch, from }: UnitMove,
): UnitState {
  const state = present.get(unit);
  if (state?.epoch !== epoch || state.position !== from) throw fenced(target, `the unit ${unit}`);
  return state;
}

interface Resync {
  readonly phase: 'snapshotting' | 'resyncing';
  readonly lastResyncAtMs: number | null;
  /** All that the version has then; each gets a new epoch: nothing that was read under the old base may become durable. */
  readonly units: readonly NewUnit[];
}

/** What a version becomes that is read again in place: see `Destination.gaps.resync`. */
export function resynced(
  request: ResyncVersion,
  before: Pick<TableState, 'highestBase' | 'lastResyncAtMs'> & {
    readonly phase: TablePhase | null;
    readonly units: readonly UnitState[];
  },
): Resync {
  const { source, table, raisedBase, segments, captured, dropped, asked, nowMs } = request;
  if (raisedBase <= before.highestBase) {
    throw new TributaryError('BUG', `The raised base of ${source}.${table} is not above ${before.highestBase}`);
  }
  const replaced = new Set<UnitId>([...dropped, ...captured.map(({ unit }) => unit)]);
  const kept = before.units.filter(({ unit, shard }) => shard !== null && !replaced.has(unit));
  return {
    phase: before.phase === 'snapshotting' ? 'snapshotting' : 'resyncing',
    lastResyncAtMs: asked ? before.lastResyncAtMs : nowMs,
    units: [...kept, ...captured, ...segments],
  };
}

/** Rejects with BUG for a version without a stream. */
export function requireStream(request: VersionOf, stream: FollowedStream | null): void {
  if (stream === null) throw new TributaryError('BUG', `${nameOf(request)} has no stream`);
}

/** Rejects with BUG while a segment is not at `end`, or a shard that has not ended is not read as far as is asked for. */
export function requireComplete(
  request: VersionOf & Pick<FinishVersion, 'changes'>,
  { stream, units }: { readonly stream: FollowedStream | null; readonly units: readonly UnitState[] },
): void {
  const { changes } = request;
  if ((stream === null) !== (changes === null)) {
    throw new TributaryError('BUG', `${nameOf(request)} ${changes === null ? 'follows a' : 'has no'} stream`);
  }
  const unfinished = units.filter(({ position }) => position !== 'end');
  const segments = unfinished.filter(({ unit }) => parseSegmentUnit(unit) !== null);
  if (segments.length > 0) {
    throw new TributaryError('BUG', `${nameOf(request)} has ${segments.length} unfinished segments`);
  }
  const caughtUpWithMs = changes?.caughtUpWithMs ?? Number.NEGATIVE_INFINITY;
  const behind = unfinished.filter(({ shard }) => shard !== null && shard.verifiedThroughMs < caughtUpWithMs);
  if (behind.length > 0) throw new TributaryError('BUG', `${nameOf(request)} has ${behind.length} shards to catch up`);
}

/** Rejects with SHRINK_REFUSED when more than half of the rows that readers see would disappear and that is not allowed. */
export function requireRows(
  request: Pick<FinishVersion, 'source' | 'table' | 'version' | 'allowShrink'>,
  before: Pick<TableState, 'liveRowCount'> & { readonly loading: Pick<LoadingVersion, 'placement'> },
  rowCount: number,
): void {
  const { version, allowShrink } = request;
  const { liveRowCount, loading } = before;
  if (allowShrink || !isShrink(liveRowCount, rowCount)) return;
  throw shrinkRefused(request, { version, rowCount, liveRowCount, placement: loading.placement });
}

function nameOf({ version, source, table }: VersionOf): string {
  return `Version ${version} of ${source}.${table}`;
}
