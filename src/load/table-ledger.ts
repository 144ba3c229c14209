import type { StoredSchema } from '../model/stored-schema.ts';
import type { LoadingVersion, TablePhase, TableState } from '../model/table-state.ts';
import { parseSegmentUnit, type UnitId } from '../model/unit.ts';
import type { NewUnit, UnitMove, UnitState } from '../model/unit-state.ts';
import type { BeginVersion, FinishVersion, Lane, LoadTarget } from './destination.ts';
import { fenced } from './fenced.ts';
import { maySucceed } from './schema-succession.ts';
import { heldUnit, requireBeginning, requireComplete, requireRows, takenUnits } from './version-rules.ts';

/*
 * What a destination without SQL transactions of its own knows about one table, and the rules by which it changes: pure
 * functions from one ledger to the next. The adapter makes each step durable in one piece. `Parts` is what the rows of a
 * version consist of: a list of data files, a map of rows.
 */

export interface TableLedger<Parts> extends LoadTarget {
  readonly destinationSchema: string;
  readonly destinationTable: string;
  readonly live: LiveLedger<Parts> | null;
  /** With placement `live` it is the version of `live`, with the same parts. */
  readonly loading: LoadingLedger<Parts> | null;
  readonly highestBase: bigint;
  /**
   * Greatest epoch that a unit of the table ever had. Units of a new version begin here, so that a lane of a dropped
   * version misses even if the new one has its number, its units and its positions.
   */
  readonly highestEpoch: number;
  readonly lastResyncAtMs: number | null;
  readonly resetRequested: boolean;
}

/** A version among all that a table has had: a number may come again after a version of it was dropped, a base never. */
export interface VersionId {
  readonly version: number;
  readonly base: bigint;
}

interface LiveLedger<Parts> extends VersionId {
  readonly sinceMs: number;
  /** Rows that readers see. */
  readonly rowCount: number;
  readonly schema: StoredSchema;
  readonly parts: Parts;
}

export interface LoadingLedger<Parts> extends Omit<LoadingVersion, 'totalSegments'> {
  /** Null for FULL_TABLE. */
  readonly phase: Exclude<TablePhase, 'new' | 'full-table'> | null;
  readonly schema: StoredSchema;
  readonly units: ReadonlyMap<UnitId, UnitState>;
  readonly parts: Parts;
}

/** The names of an earlier version stay: people query them. Rejects as `requireBeginning`. */
export function beginVersion<Parts>(
  before: TableLedger<Parts> | null,
  request: BeginVersion,
  parts: Parts,
): TableLedger<Parts> {
  const { source, table, version, base, placement, identity, layout, stream, nowMs, schema } = request;
  const live = before?.live ?? null;
  requireBeginning(request, { liveVersion: live?.version ?? 0, highestBase: before?.highestBase ?? 0n });
  const highestEpoch = before?.highestEpoch ?? 0;
  return {
    source,
    table,
    destinationSchema: before?.destinationSchema ?? request.destinationSchema,
    destinationTable: before?.destinationTable ?? request.destinationTable,
    live: placement === 'live' ? { version, base, sinceMs: nowMs, rowCount: 0, schema, parts } : live,
    loading: {
      version,
      base,
      placement,
      identity,
      layout,
      startedAtMs: nowMs,
      lastCommitAtMs: nowMs,
      rowCount: 0,
      stream,
      phase: stream && 'snapshotting',
      schema,
      units: withEpoch(request.units, highestEpoch),
      parts,
    },
    highestBase: base,
    highestEpoch,
    lastResyncAtMs: before?.lastResyncAtMs ?? null,
    resetRequested: before?.resetRequested === true && !request.answersReset,
  };
}

interface Takeover<Parts> {
  readonly ledger: TableLedger<Parts>;
  /** The units of the lane. */
  readonly units: ReadonlyMap<UnitId, UnitState>;
  readonly epoch: number;
  readonly schema: StoredSchema;
}

/** Gives the units of the lane that are not at `end` new epochs. Rejects with FENCED when the version is not loaded now. */
export function takeOver<Parts>(ledger: TableLedger<Parts>, lane: Omit<Lane, 'deletes'>): Takeover<Parts> {
  const loading = loadingVersion(ledger, lane);
  const epoch = ledger.highestEpoch + 1;
  const taken = takenUnits(lane, loading.units, epoch);
  const units = new Map([...loading.units, ...taken]);
  return {
    ledger: { ...ledger, highestEpoch: epoch, loading: { ...loading, units } },
    units: taken,
    epoch,
    schema: loading.schema,
  };
}

export interface LedgerCommit extends VersionId {
  readonly moves: readonly UnitMove[];
  readonly opened: readonly NewUnit[];
  readonly pruned: readonly UnitId[];
  /** Of the load, for the units that it opens. */
  readonly epoch: number;
  readonly schema: StoredSchema;
  readonly nowMs: number;
}

/**
 * Moves the bookmarks and takes the schema, where it is newer. Rejects with FENCED when the version, the schema or one of
 * the moves misses, or an opened unit is there already. The rows of the commit come with `withRows`.
 */
export function moveUnits<Parts>(ledger: TableLedger<Parts>, commit: LedgerCommit): TableLedger<Parts> {
  const loading = loadingVersion(ledger, commit);
  if (!maySucceed(loading.schema, commit.schema)) throw fenced(ledger, 'the schema');
  const units = new Map(loading.units);
  for (const move of commit.moves) {
    const state = heldUnit(ledger, units, move);
    units.set(move.unit, { ...state, position: move.to, shard: state.shard && { ...state.shard, ...move.shard } });
  }
  for (const opened of commit.opened) {
    if (units.has(opened.unit)) throw fenced(ledger, `the unit ${opened.unit}`);
    units.set(opened.unit, { ...opened, epoch: commit.epoch });
  }
  for (const unit of commit.pruned) units.delete(unit);
  const schema = commit.schema.schemaVersion > loading.schema.schemaVersion ? commit.schema : loading.schema;
  return withLoading(ledger, { ...loading, units, schema, lastCommitAtMs: commit.nowMs });
}

interface RowsOf<Parts> {
  readonly parts: Parts;
  /** All rows of the loaded version. */
  readonly rowCount: number;
  /** Those of them that readers see where it is live. */
  readonly liveRowCount: number;
}

/** What the loaded version consists of after a commit. */
export function withRows<Parts>(
  ledger: TableLedger<Parts>,
  id: VersionId,
  { parts, rowCount, liveRowCount }: RowsOf<Parts>,
): TableLedger<Parts> {
  const next = withLoading(ledger, { ...loadingVersion(ledger, id), parts, rowCount });
  if (next.loading?.placement !== 'live' || next.live === null) return next;
  return { ...next, live: { ...next.live, rowCount: liveRowCount } };
}

/**
 * Makes the version live with the parts and the rows that readers see of it in the end. A FULL_TABLE version has no units
 * any more, one with a stream keeps its shards. Rejects as `completeVersion` and `requireRows`.
 */
export function finishVersion<Parts>(
  ledger: TableLedger<Parts>,
  request: FinishVersion,
  { parts, rowCount, liveRowCount }: RowsOf<Parts>,
): TableLedger<Parts> {
  const { version, base, nowMs } = request;
  const loading = completeVersion(ledger, request);
  requireRows(request, { liveRowCount: ledger.live?.rowCount ?? 0, loading }, liveRowCount);
  const sinceMs = loading.placement === 'live' ? (ledger.live?.sinceMs ?? nowMs) : nowMs;
  const live = { version, base, sinceMs, rowCount: liveRowCount, schema: loading.schema, parts };
  if (loading.stream === null) return { ...ledger, live, loading: null };
  const shards = [...loading.units].filter(([unit]) => parseSegmentUnit(unit) === null);
  const rows = { rowCount, units: new Map(shards), parts };
  return { ...ledger, live, loading: { ...loading, placement: 'live', phase: 'following', ...rows } };
}

export function requestReset<Parts>(ledger: TableLedger<Parts>): TableLedger<Parts> {
  return { ...ledger, loading: null, resetRequested: true };
}

/** The version that is loaded; rejects with FENCED when it is another one or none. */
export function loadingVersion<Parts>(
  { loading, ...ledger }: TableLedger<Parts>,
  { version, base }: VersionId,
): LoadingLedger<Parts> {
  if (loading?.version !== version || loading.base !== base) throw fenced(ledger, `version ${version}`);
  return loading;
}

/** The version that is loaded; rejects as `requireComplete`. */
export function completeVersion<Parts>(ledger: TableLedger<Parts>, request: FinishVersion): LoadingLedger<Parts> {
  const loading = loadingVersion(ledger, request);
  requireComplete(request, { stream: loading.stream, units: [...loading.units.values()] });
  return loading;
}

/** Puts another state of the loaded version into the ledger; where it is live, the live one follows. */
export function withLoading<Parts>(ledger: TableLedger<Parts>, loading: LoadingLedger<Parts>): TableLedger<Parts> {
  if (loading.placement === 'aside' || ledger.live === null) return { ...ledger, loading };
  const { base, schema, parts } = loading;
  return { ...ledger, loading, live: { ...ledger.live, base, schema, parts } };
}

export function withEpoch(units: readonly NewUnit[], epoch: number): ReadonlyMap<UnitId, UnitState> {
  return new Map(units.map((unit) => [unit.unit, { ...unit, epoch }]));
}

export function schemaOf<Parts>({ loading, live }: TableLedger<Parts>): StoredSchema | null {
  return loading?.schema ?? live?.schema ?? null;
}

export function tableState<Parts>(ledger: TableLedger<Parts>): TableState {
  const { source, table, destinationSchema, destinationTable, live, loading, highestBase } = ledger;
  return {
    source,
    table,
    destinationSchema,
    destinationTable,
    phase: loading?.phase ?? (live === null ? 'new' : 'full-table'),
    liveVersion: live?.version ?? 0,
    liveRowCount: live?.rowCount ?? 0,
    liveSinceMs: live?.sinceMs ?? null,
    loading: loading && loadingState(loading),
    highestBase,
    lastResyncAtMs: ledger.lastResyncAtMs,
    resetRequested: ledger.resetRequested,
  };
}

function loadingState<Parts>(loading: LoadingLedger<Parts>): LoadingVersion {
  const { version, base, placement, identity, layout, startedAtMs, lastCommitAtMs, rowCount, stream } = loading;
  const totalSegments = [...loading.units.keys()].filter((unit) => parseSegmentUnit(unit) !== null).length;
  return { version, base, placement, identity, layout, totalSegments, startedAtMs, lastCommitAtMs, rowCount, stream };
}

export function nameOf({ source, table }: LoadTarget): string {
  return `${source}.${table}`;
}
