import type { Destination } from '../load/destination.ts';
import type { StoredSchema } from '../model/stored-schema.ts';
import type { TableState } from '../model/table-state.ts';
import type { UnitState } from '../model/unit-state.ts';

export interface TableStateReport {
  readonly state: TableState;
  readonly units: readonly UnitState[];
  readonly schema: StoredSchema | null;
}

/** Everything that is stored about the tables of a source: phase, versions, bookmarks, types. Reads only. */
export async function showState(
  destination: Destination,
  source: string,
  tables: readonly string[],
): Promise<readonly TableStateReport[]> {
  const { runStore } = destination;
  const reports: TableStateReport[] = [];
  for (const state of await runStore.readTables(source)) {
    if (tables.length > 0 && !tables.includes(state.table)) continue;
    reports.push({
      state,
      units: await runStore.readUnits(source, state.table),
      schema: await runStore.readSchema(source, state.table),
    });
  }
  return reports;
}
