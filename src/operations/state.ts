import type { Destination } from '../load/destination.ts';
import type { ColumnType } from '../model/column-plan.ts';
import { type Position, resumeKey } from '../model/position.ts';
import type { TablePhase } from '../model/table-state.ts';
import { parseSegmentUnit, parseShardUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { columnTypeOf } from '../schema/lattice.ts';
import { streamAge } from '../state/time-to-loss.ts';

/** What is stored about a table, in the words of a person who uses it. */
export interface TableStateReport {
  readonly table: string;
  readonly destinationTable: string;
  readonly phase: TablePhase;
  /** What readers see; null before the first complete run. */
  readonly liveVersion: number | null;
  readonly liveRows: number | null;
  readonly liveSinceMs: number | null;
  /** A version that a run has begun aside and not finished. */
  readonly building: { readonly version: number; readonly rows: number; readonly lastCommitAtMs: number } | null;
  /** Bookmarks of the version that is loaded, by segment. */
  readonly segments: readonly SegmentState[];
  /** The stream that this version follows; null where it follows none. */
  readonly stream: StreamReport | null;
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

interface StreamReport {
  readonly arn: string;
  readonly base: bigint;
  readonly openShards: number;
  readonly finishedShards: number;
  /** Every change that was made longer ago is durable; null without shards. */
  readonly lagMs: number | null;
  readonly shards: readonly ShardReport[];
}

interface ShardReport {
  readonly shard: string;
  readonly position: Position;
  readonly parent: string | null;
  readonly lane: number;
  /** `_sdc_sequence` of its last change, or what it goes on from. */
  readonly sequence: bigint;
  readonly verifiedThroughMs: number;
}

interface ColumnState {
  readonly attribute: string;
  /** Null, with its type, while only NULL was seen: there is no column then. */
  readonly column: string | null;
  /** Such as `bigint` or `decimal(38,2)`. */
  readonly type: string | null;
}

/** Everything that is stored about the tables of a source: versions, bookmarks, types. Reads only. */
export async function showState(
  destination: Destination,
  { source, nowMs }: { readonly source: string; readonly nowMs: number },
): Promise<readonly TableStateReport[]> {
  const { runStore, capabilities } = destination;
  const reports: TableStateReport[] = [];
  for (const state of await runStore.readTables(source)) {
    const { table, phase, loading, liveVersion } = state;
    const building = loading?.placement === 'aside' ? loading : null;
    const units = await runStore.readUnits(source, table);
    const schema = await runStore.readSchema(source, table);
    reports.push({
      table,
      destinationTable: `${state.destinationSchema}.${state.destinationTable}`,
      phase,
      liveVersion: liveVersion === 0 ? null : liveVersion,
      liveRows: liveVersion === 0 ? null : state.liveRowCount,
      liveSinceMs: state.liveSinceMs,
      building:
        building === null
          ? null
          : { version: building.version, rows: building.rowCount, lastCommitAtMs: building.lastCommitAtMs },
      segments: units.flatMap(segmentState),
      stream:
        loading === null || loading.stream === null
          ? null
          : streamReport(loading.stream.arn, { base: loading.base, units, nowMs }),
      resetRequested: state.resetRequested,
      columns: (schema?.columns ?? []).map(({ attribute, columnName, evidence }) => {
        const type = columnTypeOf(evidence, capabilities);
        return { attribute, column: columnName, type: type === null ? null : typeText(type) };
      }),
    });
  }
  return reports;
}

function streamReport(
  arn: string,
  { base, units, nowMs }: { readonly base: bigint; readonly units: readonly UnitState[]; readonly nowMs: number },
): StreamReport {
  const shards = units.flatMap(shardReport);
  const openShards = shards.filter(({ position }) => position !== 'end').length;
  const lagMs = streamAge(units, nowMs)?.lagMs ?? null;
  return { arn, base, openShards, finishedShards: shards.length - openShards, lagMs, shards };
}

function shardReport({ unit, position, shard: bookmark }: UnitState): readonly ShardReport[] {
  const shard = parseShardUnit(unit);
  if (shard === null || bookmark === null) return [];
  const { parent, lane, sequence, verifiedThroughMs } = bookmark;
  return [{ shard, position, parent, lane, sequence, verifiedThroughMs }];
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
