import type { Destination } from '../load/destination.ts';
import type { ColumnType } from '../model/column-plan.ts';
import { type Position, resumeKey } from '../model/position.ts';
import { parseSegmentUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { columnTypeOf } from '../schema/lattice.ts';

/** What is stored about a table, in the words of a person who uses it. */
export interface TableStateReport {
  readonly table: string;
  readonly destinationTable: string;
  /** What readers see; null before the first complete run. */
  readonly liveVersion: number | null;
  readonly liveRows: number | null;
  readonly liveSinceMs: number | null;
  /** A version that a run has begun and not finished. */
  readonly building: { readonly version: number; readonly rows: number; readonly lastCommitAtMs: number } | null;
  /** Bookmarks of that version, by segment. */
  readonly segments: readonly SegmentState[];
  readonly resetRequested: boolean;
  readonly columns: readonly ColumnState[];
}

interface SegmentState {
  readonly segment: number;
  readonly totalSegments: number;
  readonly progress: 'not begun' | 'begun' | 'finished';
  /** The last key whose rows are durable, DynamoDB JSON; null unless begun. */
  readonly resumeKey: string | null;
}

interface ColumnState {
  readonly attribute: string;
  /** Null, with its type, while only NULL was seen: there is no column then. */
  readonly column: string | null;
  /** Such as `bigint` or `decimal(38,2)`. */
  readonly type: string | null;
}

/** Everything that is stored about the tables of a source: versions, bookmarks, types. Reads only. */
export async function showState(destination: Destination, source: string): Promise<readonly TableStateReport[]> {
  const { runStore, capabilities } = destination;
  const reports: TableStateReport[] = [];
  for (const state of await runStore.readTables(source)) {
    const { table, loading: building, liveVersion } = state;
    const units = await runStore.readUnits(source, table);
    const schema = await runStore.readSchema(source, table);
    reports.push({
      table,
      destinationTable: `${state.destinationSchema}.${state.destinationTable}`,
      liveVersion: liveVersion === 0 ? null : liveVersion,
      liveRows: liveVersion === 0 ? null : state.liveRowCount,
      liveSinceMs: state.liveSinceMs,
      building:
        building === null
          ? null
          : { version: building.version, rows: building.rowCount, lastCommitAtMs: building.lastCommitAtMs },
      segments: units.flatMap(segmentState),
      resetRequested: state.resetRequested,
      columns: (schema?.columns ?? []).map(({ attribute, columnName, evidence }) => {
        const type = columnTypeOf(evidence, capabilities);
        return { attribute, column: columnName, type: type === null ? null : typeText(type) };
      }),
    });
  }
  return reports;
}

function segmentState({ unit, position }: UnitState): readonly SegmentState[] {
  const segment = parseSegmentUnit(unit);
  if (segment === null) return [];
  return [{ ...segment, progress: progressOf(position), resumeKey: resumeKey(position) }];
}

function progressOf(position: Position): SegmentState['progress'] {
  if (position === 'end') return 'finished';
  return position === 'start' ? 'not begun' : 'begun';
}

function typeText(type: ColumnType): string {
  return type.kind === 'decimal' ? `decimal(38,${type.scale})` : type.kind;
}
