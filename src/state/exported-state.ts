import { z } from 'zod';
import type { TablePhase, TableState } from '../model/table-state.ts';
import { parseSegmentUnit, parseShardUnit, segmentUnit, shardUnit } from '../model/unit.ts';
import { type NewUnit, UNKNOWN_TIME_MS, type UnitState } from '../model/unit-state.ts';
import { messageOf, TributaryError } from '../platform/errors.ts';
import { parsePosition } from './position-text.ts';

/** A table of a state file: the version that is loaded and its bookmarks. */
export interface ExportedTable {
  readonly table: string;
  readonly phase: TablePhase;
  /** Null between two FULL_TABLE runs: there are no bookmarks then. */
  readonly loading: {
    readonly version: number;
    readonly base: bigint;
    readonly identity: string;
    readonly layout: string;
    /** Null for FULL_TABLE. */
    readonly stream: { readonly arn: string; readonly laneCount: number } | null;
    readonly units: readonly NewUnit[];
  } | null;
}

export interface ExportedState {
  readonly source: string;
  readonly exportedAtMs: number;
  readonly tables: readonly ExportedTable[];
}

const FORMAT = 'tributary-state';
const FORMAT_VERSION = 1;

/**
 * The bookmarks of tables as one line of JSON. A state has thousands of shards: they are rows, and of a finished one only
 * what those after it need.
 */
export function stateFileText(options: {
  readonly source: string;
  readonly tables: readonly { readonly state: TableState; readonly units: readonly UnitState[] }[];
  readonly nowMs: number;
}): string {
  const tables = options.tables.map(({ state: { table, phase, loading }, units }) => ({
    table,
    phase,
    loading: loading && {
      version: loading.version,
      base: String(loading.base),
      identity: loading.identity,
      layout: loading.layout,
      stream: loading.stream && { arn: loading.stream.arn, lane_count: loading.stream.laneCount },
      finished_through_ms: finishedThroughMs(units),
      segments: units.flatMap(segmentRow),
      shards: units.flatMap(shardRow),
    },
  }));
  const exportedAt = new Date(options.nowMs).toISOString();
  const head = { format: FORMAT, format_version: FORMAT_VERSION, exported_at: exportedAt, source: options.source };
  return JSON.stringify({ ...head, tables });
}

/** A shard whose child has been read for longer has no further children that were not found yet. */
const CHILDREN_FOUND_MS = 10 * 60_000;

/** What children that are not found yet may take over from their parents: the least that any of them has. */
function finishedThroughMs(units: readonly UnitState[]): number | null {
  const childReadThroughMs = new Map<string, number>();
  for (const { shard } of units) {
    if (shard === null || shard.parent === null) continue;
    const { parent, verifiedThroughMs } = shard;
    childReadThroughMs.set(parent, Math.max(childReadThroughMs.get(parent) ?? 0, verifiedThroughMs));
  }
  const times = units.flatMap(({ unit, shard }) => {
    if (shard === null || shard.verifiedThroughMs === UNKNOWN_TIME_MS) return [];
    const childMs = childReadThroughMs.get(parseShardUnit(unit) ?? '') ?? 0;
    return childMs - shard.verifiedThroughMs < CHILDREN_FOUND_MS ? [shard.verifiedThroughMs] : [];
  });
  return times.length === 0 ? null : times.reduce((least, time) => Math.min(least, time));
}

function segmentRow({ unit, position }: UnitState): readonly (readonly unknown[])[] {
  return parseSegmentUnit(unit) === null ? [] : [[unit, position]];
}

function shardRow({ unit, position, shard }: UnitState): readonly (readonly unknown[])[] {
  if (shard === null) return [];
  const row = [parseShardUnit(unit), shard.parent, shard.lane, String(shard.sequence)];
  return [position === 'end' ? row : [...row, position, shard.verifiedThroughMs, shard.firstListedAtMs]];
}

const bigintText = z
  .string()
  .regex(/^\d{1,19}$/)
  .transform(BigInt);
const time = z.int().nonnegative();
const lineage = [z.string().min(1), z.string().nullable(), z.int().nonnegative(), bigintText] as const;
const shardRows = z.array(z.union([z.tuple(lineage), z.tuple([...lineage, z.string(), time, time])]));
const loadingSchema = z.strictObject({
  version: z.int().positive(),
  base: bigintText,
  identity: z.string(),
  layout: z.string(),
  stream: z.strictObject({ arn: z.string().min(1), lane_count: z.int().positive() }).nullable(),
  finished_through_ms: time.nullable(),
  segments: z.array(z.tuple([z.string(), z.string()])),
  shards: shardRows,
});
const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  format_version: z.literal(FORMAT_VERSION),
  exported_at: z.iso.datetime(),
  source: z.string(),
  tables: z.array(
    z.strictObject({
      table: z.string().min(1),
      phase: z.enum(['new', 'full-table', 'snapshotting', 'following', 'resyncing', 'gap', 'failed']),
      loading: loadingSchema.nullable(),
    }),
  ),
});

/** Reads what `stateFileText` has written and a person may have changed. Throws STATE_INVALID that says where it is wrong. */
export function parseStateFile(text: string): ExportedState {
  const file = fileSchema.safeParse(parseJson(text));
  if (!file.success) {
    const [issue] = file.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.map(String).join('.')}`;
    throw invalid(`it is not what \`tributary state export\` writes${where}: ${issue?.message ?? 'unknown reason'}`);
  }
  const { source, exported_at: exportedAt, tables } = file.data;
  return {
    source,
    exportedAtMs: Date.parse(exportedAt),
    tables: tables.map(({ table, phase, loading }) => ({
      table,
      phase,
      loading: loading && exportedLoading(table, loading, Date.parse(exportedAt)),
    })),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`it is not JSON: ${messageOf(error)}`);
  }
}

function exportedLoading(
  table: string,
  loading: z.infer<typeof loadingSchema>,
  exportedAtMs: number,
): NonNullable<ExportedTable['loading']> {
  const { version, base, identity, layout, stream, segments, shards } = loading;
  const finishedMs = loading.finished_through_ms ?? exportedAtMs;
  const units = [
    ...segments.map(([name, position]) => exportedSegment(name, position)),
    ...shards.map((row) => exportedShard(row, finishedMs)),
  ];
  if (new Set(units.map(({ unit }) => unit)).size < units.length) throw invalid(`${table} has a unit twice`);
  return {
    ...{ version, base, identity, layout, units },
    stream: stream && { arn: stream.arn, laneCount: stream.lane_count },
  };
}

function exportedSegment(name: string, position: string): NewUnit {
  const match = /^segment:(\d+)\/(\d+)$/.exec(name);
  if (match === null) throw invalid(`${name} is no segment`);
  const unit = segmentUnit({ segment: Number(match[1]), totalSegments: Number(match[2]) });
  return { unit, position: parsePosition(unit, position), shard: null };
}

function exportedShard(row: z.infer<typeof shardRows>[number], finishedMs: number): NewUnit {
  const [shardId, parent, lane, sequence, position = 'end', verifiedThroughMs = finishedMs, firstListedAtMs] = row;
  const unit = shardUnit(shardId);
  return {
    unit,
    position: parsePosition(unit, position),
    shard: { parent, lane, sequence, verifiedThroughMs, firstListedAtMs: firstListedAtMs ?? verifiedThroughMs },
  };
}

function invalid(reason: string): TributaryError {
  return new TributaryError('STATE_INVALID', `The state file cannot be read: ${reason}`, {
    hint: 'Name a file that `tributary state export` has written; for one of the Python tap add --from-tap-dynamodb',
  });
}
