import type { SourceConfig } from '../config/tributary-config.ts';
import { matchNames } from '../discovery/name-pattern.ts';
import type { Destination } from '../load/destination.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { RunRecord, TableRun } from '../model/run.ts';
import type { LoadingVersion, TablePhase, TableState } from '../model/table-state.ts';
import { parseSegmentUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { type StreamAge, streamAge } from '../state/time-to-loss.ts';

export interface TableStatus {
  readonly table: string;
  readonly selected: boolean;
  readonly method: string | null;
  /** Null before the first run. */
  readonly phase: TablePhase | null;
  /** Where readers find it; null before the first run. */
  readonly destinationTable: string | null;
  readonly liveVersion: number | null;
  readonly liveRows: number | null;
  readonly liveSinceMs: number | null;
  /** A version that is loaded aside, interrupted or running; readers do not see it. */
  readonly building: {
    readonly version: number;
    readonly rows: number;
    readonly segmentsDone: number;
    readonly segmentsTotal: number;
    readonly startedAtMs: number;
    readonly lastCommitAtMs: number;
  } | null;
  /** A Scan whose rows readers see as they come; null when there is none. */
  readonly readInPlace: { readonly segmentsDone: number; readonly segmentsTotal: number } | null;
  /** Every change that was made longer ago is durable; null where no stream is followed, or one that waits for a person. */
  readonly lagMs: number | null;
  /** When changes will be lost unless they are read before; null as `lagMs`. */
  readonly timeToLossMs: number | null;
  /** Gaps that are not resolved. */
  readonly openGaps: number;
  readonly resetRequested: boolean;
  readonly lastError: TableRun['error'];
}

export interface SourceStatus {
  readonly source: string;
  readonly destination: string;
  /** Whether rows may come twice after a failure. */
  readonly guarantee: Capabilities['guarantee'];
  readonly lastRun: RunRecord | null;
  readonly tables: readonly TableStatus[];
}

/** What the destination holds of a source and how the last run ended. Reads only. */
export async function status(
  source: SourceConfig,
  destination: Destination,
  { nowMs }: { readonly nowMs: number },
): Promise<SourceStatus> {
  const { runStore } = destination;
  const stored = new Map((await runStore.readTables(source.name)).map((state) => [state.table, state]));
  const [lastRun = null] = await runStore.readRuns(source.name, 1);
  const openGaps = (await runStore.readGaps(source.name)).filter(({ resolvedAtMs }) => resolvedAtMs === null);
  const names = [...new Set([...source.tables.keys(), ...stored.keys()])].sort();
  const tables: TableStatus[] = [];
  for (const table of names) {
    const state = stored.get(table) ?? null;
    const method = source.tables.get(table)?.method ?? methodByPattern(source, table);
    const units = state?.loading ? await runStore.readUnits(source.name, table) : [];
    const age = state === null ? null : ageOf(state, units, nowMs);
    tables.push({
      table,
      selected: method !== null,
      method,
      phase: state?.phase ?? null,
      destinationTable: state === null ? null : `${state.destinationSchema}.${state.destinationTable}`,
      liveVersion: state === null || state.liveVersion === 0 ? null : state.liveVersion,
      liveRows: state === null || state.liveVersion === 0 ? null : state.liveRowCount,
      liveSinceMs: state?.liveSinceMs ?? null,
      ...scanStatus(state?.loading ?? null, units),
      // While a table is read, or waits, the bookmarks of its shards do not say how old its rows are.
      lagMs: state?.phase === 'following' ? (age?.lagMs ?? null) : null,
      timeToLossMs: age?.timeToLossMs ?? null,
      openGaps: openGaps.filter((gap) => gap.table === table).length,
      resetRequested: state?.resetRequested ?? false,
      lastError: lastRun?.tables.find((run) => run.table === table)?.error ?? null,
    });
  }
  const { guarantee } = destination.capabilities;
  return { source: source.name, destination: source.destination, guarantee, lastRun, tables };
}

function methodByPattern({ selectNewTables }: SourceConfig, table: string): string | null {
  return matchNames([table], selectNewTables).length > 0 ? 'FULL_TABLE' : null;
}

/** A table that waits for a person owes all of its rows: what its shards still hold does not matter any more. */
function ageOf({ phase, loading }: TableState, units: readonly UnitState[], nowMs: number): StreamAge | null {
  if (loading === null || loading.stream === null || phase === 'gap' || phase === 'failed') return null;
  return streamAge(units, nowMs);
}

function scanStatus(
  loading: LoadingVersion | null,
  units: readonly UnitState[],
): Pick<TableStatus, 'building' | 'readInPlace'> {
  if (loading === null) return { building: null, readInPlace: null };
  const segments = units.filter(({ unit }) => parseSegmentUnit(unit) !== null);
  const segmentsDone = segments.filter(({ position }) => position === 'end').length;
  const { version, rowCount: rows, totalSegments: segmentsTotal, startedAtMs, lastCommitAtMs, placement } = loading;
  if (placement === 'live') {
    return { building: null, readInPlace: segmentsTotal === 0 ? null : { segmentsDone, segmentsTotal } };
  }
  return { building: { version, rows, segmentsDone, segmentsTotal, startedAtMs, lastCommitAtMs }, readInPlace: null };
}
