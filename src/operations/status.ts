import type { SourceConfig } from '../config/tributary-config.ts';
import { matchNames } from '../discovery/name-pattern.ts';
import type { Destination } from '../load/destination.ts';
import type { RunRecord, TableRun } from '../model/run.ts';
import type { TableState } from '../model/table-state.ts';

export interface TableStatus {
  readonly table: string;
  readonly selected: boolean;
  readonly method: string | null;
  /** Where readers find it; null before the first run. */
  readonly destinationTable: string | null;
  readonly liveVersion: number | null;
  readonly liveRows: number | null;
  readonly liveSinceMs: number | null;
  /** An interrupted or running version. */
  readonly building: {
    readonly version: number;
    readonly rows: number;
    readonly segmentsDone: number;
    readonly segmentsTotal: number;
    readonly startedAtMs: number;
    readonly lastCommitAtMs: number;
  } | null;
  readonly resetRequested: boolean;
  readonly lastError: TableRun['error'];
}

export interface SourceStatus {
  readonly source: string;
  readonly destination: string;
  readonly lastRun: RunRecord | null;
  readonly tables: readonly TableStatus[];
}

/** What the destination holds of a source and how the last run ended. Reads only. */
export async function status(source: SourceConfig, destination: Destination): Promise<SourceStatus> {
  const { runStore } = destination;
  const stored = new Map((await runStore.readTables(source.name)).map((state) => [state.table, state]));
  const [lastRun = null] = await runStore.readRuns(source.name, 1);
  const names = [...new Set([...source.tables.keys(), ...stored.keys()])].sort();
  const tables: TableStatus[] = [];
  for (const table of names) {
    const state = stored.get(table) ?? null;
    const method = source.tables.get(table)?.method ?? methodByPattern(source, table);
    tables.push({
      table,
      selected: method !== null,
      method,
      destinationTable: state === null ? null : `${state.destinationSchema}.${state.destinationTable}`,
      liveVersion: state === null || state.liveVersion === 0 ? null : state.liveVersion,
      liveRows: state === null || state.liveVersion === 0 ? null : state.liveRowCount,
      liveSinceMs: state?.liveSinceMs ?? null,
      building: state?.loading ? await buildingStatus(destination, state) : null,
      resetRequested: state?.resetRequested ?? false,
      lastError: lastRun?.tables.find((run) => run.table === table)?.error ?? null,
    });
  }
  return { source: source.name, destination: source.destination, lastRun, tables };
}

function methodByPattern({ selectNewTables }: SourceConfig, table: string): string | null {
  return matchNames([table], selectNewTables).length > 0 ? 'FULL_TABLE' : null;
}

async function buildingStatus(
  destination: Destination,
  { source, table, loading: building }: TableState,
): Promise<TableStatus['building']> {
  if (building === null) return null;
  const units = await destination.runStore.readUnits(source, table);
  return {
    version: building.version,
    rows: building.rowCount,
    segmentsDone: units.filter(({ position }) => position === 'end').length,
    segmentsTotal: building.totalSegments,
    startedAtMs: building.startedAtMs,
    lastCommitAtMs: building.lastCommitAtMs,
  };
}
