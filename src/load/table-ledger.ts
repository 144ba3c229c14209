import { isShrink } from '../model/shrink.ts';
import type { StoredSchema } from '../model/stored-schema.ts';
import type { TableState } from '../model/table-state.ts';
import type { UnitId } from '../model/unit.ts';
import type { UnitMove, UnitState } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import type { BeginVersion, FinishVersion, Lane, LoadTarget } from './destination.ts';
import { fenced } from './fenced.ts';
import { maySucceed } from './schema-succession.ts';

/*
 * What a destination without SQL transactions of its own knows about one table, and the rules by which it changes: pure
 * functions from one ledger to the next. The adapter makes each step durable in one piece. `Part` is whatever one commit
 * adds to a version: a list of rows, a data file.
 */

export interface TableLedger<Part> extends LoadTarget {
  readonly destinationSchema: string;
  readonly destinationTable: string;
  readonly live: LiveLedger<Part> | null;
  readonly loading: LoadingLedger<Part> | null;
  readonly highestBase: bigint;
  /**
   * Greatest epoch that a unit of the table ever had. Units of a new version begin here, so that a lane of a dropped
   * version misses even if the new one has its number, its units and its positions.
   */
  readonly highestEpoch: number;
  readonly resetRequested: boolean;
}

/** A version among all that a table has had: a number may come again after a version of it was dropped, a base never. */
export interface VersionId {
  readonly version: number;
  readonly base: bigint;
}

interface LiveLedger<Part> extends VersionId {
  readonly sinceMs: number;
  readonly rowCount: number;
  readonly schema: StoredSchema;
  readonly parts: readonly Part[];
}

interface LoadingLedger<Part> extends VersionId {
  readonly identity: string;
  readonly layout: string;
  readonly startedAtMs: number;
  readonly lastCommitAtMs: number;
  readonly rowCount: number;
  readonly schema: StoredSchema;
  readonly units: ReadonlyMap<UnitId, UnitState>;
  readonly parts: readonly Part[];
}

interface Append<Part> extends VersionId {
  readonly moves: readonly UnitMove[];
  /** Null when the commit has no rows. */
  readonly part: Part | null;
  readonly rowCount: number;
  readonly schema: StoredSchema;
  readonly nowMs: number;
}

/**
 * The names of an earlier version stay: people query them. Rejects with FENCED when another version was begun since the
 * request was made up: then its number or its base is not above all others.
 */
export function beginVersion<Part>(before: TableLedger<Part> | null, request: BeginVersion): TableLedger<Part> {
  const { source, table, version, base, identity, layout, nowMs, schema } = request;
  if (before !== null && (version <= (before.live?.version ?? 0) || base <= before.highestBase)) {
    throw fenced(request, 'the refresh');
  }
  const highestEpoch = before?.highestEpoch ?? 0;
  const units = request.units.map((unit) => [unit, { unit, epoch: highestEpoch, position: 'start' }] as const);
  return {
    source,
    table,
    destinationSchema: before?.destinationSchema ?? request.destinationSchema,
    destinationTable: before?.destinationTable ?? request.destinationTable,
    live: before?.live ?? null,
    loading: {
      version,
      base,
      identity,
      layout,
      startedAtMs: nowMs,
      lastCommitAtMs: nowMs,
      rowCount: 0,
      schema,
      units: new Map(units),
      parts: [],
    },
    highestBase: base,
    highestEpoch,
    resetRequested: before?.resetRequested === true && !request.answersReset,
  };
}

interface Takeover<Part> {
  readonly ledger: TableLedger<Part>;
  /** The units of the lane. */
  readonly units: ReadonlyMap<UnitId, UnitState>;
  readonly schema: StoredSchema;
}

/** Gives the units of the lane that are not at `end` new epochs. Rejects with FENCED when the version is not built now. */
export function takeOver<Part>(ledger: TableLedger<Part>, lane: Lane): Takeover<Part> {
  const loading = loadingVersion(ledger, lane);
  const epoch = ledger.highestEpoch + 1;
  const taken = new Map<UnitId, UnitState>();
  for (const unit of lane.units) {
    const state = loading.units.get(unit);
    if (state === undefined) throw new TributaryError('BUG', `${nameOf(ledger)} has no unit ${unit}`);
    taken.set(unit, state.position === 'end' ? state : { ...state, epoch });
  }
  const units = new Map([...loading.units, ...taken]);
  return {
    ledger: { ...ledger, highestEpoch: epoch, loading: { ...loading, units } },
    units: taken,
    schema: loading.schema,
  };
}

/** Adds a part and moves the bookmarks; rejects with FENCED when the version, the schema or one of the moves misses. */
export function append<Part>(ledger: TableLedger<Part>, addition: Append<Part>): TableLedger<Part> {
  const loading = loadingVersion(ledger, addition);
  if (!maySucceed(loading.schema, addition.schema)) throw fenced(ledger, 'the schema');
  const units = new Map(loading.units);
  for (const { unit, epoch, from, to } of addition.moves) {
    const state = units.get(unit);
    if (state?.epoch !== epoch || state.position !== from) throw fenced(ledger, `the unit ${unit}`);
    units.set(unit, { ...state, position: to });
  }
  return {
    ...ledger,
    loading: {
      ...loading,
      units,
      rowCount: loading.rowCount + addition.rowCount,
      lastCommitAtMs: addition.nowMs,
      schema: addition.schema.schemaVersion > loading.schema.schemaVersion ? addition.schema : loading.schema,
      parts: addition.part === null ? loading.parts : [...loading.parts, addition.part],
    },
  };
}

/**
 * Makes the version live with the parts and the row count it has after de-duplication. Rejects with BUG while a unit is
 * not at `end`, with SHRINK_REFUSED when more than half of the live rows would disappear and that is not allowed.
 */
export function finishVersion<Part>(
  ledger: TableLedger<Part>,
  request: FinishVersion,
  { parts, rowCount }: { readonly parts: readonly Part[]; readonly rowCount: number },
): TableLedger<Part> {
  const { version, base, allowShrink, nowMs } = request;
  const { schema } = completeVersion(ledger, request);
  const liveRowCount = ledger.live?.rowCount ?? 0;
  if (!allowShrink && isShrink(liveRowCount, rowCount)) {
    throw new TributaryError(
      'SHRINK_REFUSED',
      `Version ${version} of ${nameOf(ledger)} has ${rowCount} rows, the live one has ${liveRowCount}`,
      { context: { source: ledger.source, table: ledger.table, version, rowCount, liveRowCount } },
    );
  }
  return { ...ledger, live: { version, base, sinceMs: nowMs, rowCount, schema, parts }, loading: null };
}

export function requestReset<Part>(ledger: TableLedger<Part>): TableLedger<Part> {
  return { ...ledger, loading: null, resetRequested: true };
}

/** The version that is being built; rejects with FENCED when it is another one or none. */
export function loadingVersion<Part>(
  { loading, ...ledger }: TableLedger<Part>,
  { version, base }: VersionId,
): LoadingLedger<Part> {
  if (loading?.version !== version || loading.base !== base) throw fenced(ledger, `version ${version}`);
  return loading;
}

/** The version that is being built, all of its units at `end`; rejects with BUG while one is not. */
export function completeVersion<Part>(ledger: TableLedger<Part>, id: VersionId): LoadingLedger<Part> {
  const loading = loadingVersion(ledger, id);
  const open = [...loading.units.values()].filter(({ position }) => position !== 'end');
  if (open.length === 0) return loading;
  throw new TributaryError('BUG', `Version ${id.version} of ${nameOf(ledger)} has ${open.length} unfinished units`);
}

export function schemaOf<Part>({ loading, live }: TableLedger<Part>): StoredSchema | null {
  return loading?.schema ?? live?.schema ?? null;
}

export function tableState<Part>(ledger: TableLedger<Part>): TableState {
  const { source, table, destinationSchema, destinationTable, live, loading, highestBase, resetRequested } = ledger;
  return {
    source,
    table,
    destinationSchema,
    destinationTable,
    phase: live === null ? 'new' : 'full-table',
    liveVersion: live?.version ?? 0,
    liveRowCount: live?.rowCount ?? 0,
    liveSinceMs: live?.sinceMs ?? null,
    loading: loading && {
      version: loading.version,
      base: loading.base,
      identity: loading.identity,
      layout: loading.layout,
      totalSegments: loading.units.size,
      startedAtMs: loading.startedAtMs,
      lastCommitAtMs: loading.lastCommitAtMs,
      rowCount: loading.rowCount,
    },
    highestBase,
    resetRequested,
  };
}

function nameOf({ source, table }: LoadTarget): string {
  return `${source}.${table}`;
}
