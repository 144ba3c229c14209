import { z } from 'zod';
import { storedGap } from '../load/stored-ledger.ts';
import { storedEvidence, storedJson, storedPosition, storedUnit } from '../load/stored-state.ts';
import type { StoredSchema } from '../model/stored-schema.ts';
import type { TableKey } from '../model/table.ts';
import { parseSegmentUnit, parseShardUnit, shardUnit, type UnitId } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import { initialSchema } from '../schema/merge.ts';
import type { TableProgress } from './table-progress.ts';
import { singerVersion, type TapLedger, type TapLoading } from './tap-ledger.ts';

/*
 * The progress of a table as the text beside the keys of the Python tap: one string, because who runs taps may merge
 * states key by key, and a mixture of two is none. A stream has thousands of shards, and the text goes with every STATE:
 * shards are rows.
 */

const FORMAT = 1;

const count = z.int().nonnegative();
const time = z.number();
const sequence = z.string().regex(/^\d+$/).transform(BigInt);
const shardRow = z.tuple([
  z.string().min(1),
  /** Of a shard that is stored, too, its place among them. */
  z.union([z.string(), count, z.null()]),
  count,
  storedPosition,
  time,
  time,
]);
const keySchema = z.array(z.object({ name: z.string(), type: z.enum(['S', 'N', 'B']) })).transform(tableKey);
const columns = z.array(
  z.object({ attribute: z.string(), columnName: z.string().nullable(), evidence: storedEvidence }),
);
const loadingSchema = z.object({
  version: count,
  base: sequence,
  singerVersion: count,
  placement: z.enum(['aside', 'live']),
  phase: z.enum(['snapshotting', 'following', 'resyncing', 'gap', 'failed']).nullable(),
  identity: z.string(),
  layout: z.string(),
  startedAtMs: time,
  lastCommitAtMs: time,
  rowCount: count,
  stream: z.object({ arn: z.string(), laneCount: count, gapCount: count, gapEndMs: z.number().nullable() }).nullable(),
  segments: z.array(z.tuple([storedUnit, storedPosition])),
  shards: z.array(shardRow),
});
type Loading = z.output<typeof loadingSchema>;
const liveSchema = z.object({ version: count, base: sequence, singerVersion: count, sinceMs: time });
type Live = z.output<typeof liveSchema>;
const progressSchema = z.object({
  format: z.literal(FORMAT),
  writtenAtMs: time,
  method: z.enum(['FULL_TABLE', 'LOG_BASED']),
  version: count.nullable(),
  key: keySchema.nullable(),
  /** Null where nobody asks for types. */
  columns: columns.nullable(),
  live: liveSchema.nullable(),
  loading: loadingSchema.nullable(),
  highestBase: sequence,
  lastResyncAtMs: z.number().nullable(),
  gap: storedGap.nullable(),
});

export interface StoredProgress extends Omit<TableProgress, 'succeededAtMs'> {
  readonly writtenAtMs: number;
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
  /** That of the bookmark: another one there was written by another tap. */
  readonly version: number | null;
}

/** `keepsTypes`: what the attributes have shown goes with it. */
export function formatProgress(
  { ledger, gap }: TableProgress,
  options: {
    readonly method: 'FULL_TABLE' | 'LOG_BASED';
    readonly keepsTypes: boolean;
    readonly nowMs: number;
  },
): string {
  const { method, keepsTypes, nowMs: writtenAtMs } = options;
  const { live, loading, highestBase, lastResyncAtMs } = ledger;
  const latest = loading ?? live;
  const stored: z.input<typeof progressSchema> = {
    ...{ format: FORMAT, writtenAtMs, method, lastResyncAtMs, gap },
    version: singerVersion(ledger),
    key: latest === null ? null : [...latest.parts.key],
    columns: keepsTypes && latest !== null ? [...latest.schema.columns] : null,
    live: live && {
      version: live.version,
      base: String(live.base),
      singerVersion: live.parts.singerVersion,
      sinceMs: live.sinceMs,
    },
    loading: loading && storedLoading(loading),
    highestBase: String(highestBase),
  };
  return JSON.stringify(stored);
}

function storedLoading(loading: TapLoading): z.input<typeof loadingSchema> {
  const { version, base, parts, placement, phase, identity, layout, stream, units } = loading;
  const { startedAtMs, lastCommitAtMs, rowCount } = loading;
  const shardIds = [...units.keys()].flatMap((unit) => parseShardUnit(unit) ?? []);
  const places = new Map(shardIds.map((shardId, place) => [shardId, place]));
  return {
    ...{ version, placement, phase, identity, layout, startedAtMs, lastCommitAtMs, rowCount, stream },
    base: String(base),
    singerVersion: parts.singerVersion,
    segments: [...units.values()].flatMap(({ unit, position }): [UnitId, UnitState['position']][] =>
      parseSegmentUnit(unit) === null ? [] : [[unit, position]],
    ),
    shards: shardIds.flatMap((shardId) => {
      const state = units.get(shardUnit(shardId));
      if (state?.shard == null) return [];
      const { parent, lane, verifiedThroughMs, firstListedAtMs } = state.shard;
      const place = parent === null ? null : (places.get(parent) ?? parent);
      return [[shardId, place, lane, state.position, verifiedThroughMs, firstListedAtMs]];
    }),
  };
}

/** Rejects with STATE_INVALID what no version, or a newer one, has written. */
export function parseProgress(text: string, table: string): StoredProgress {
  const parsed = storedJson(progressSchema).safeParse(text);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.map(String).join('.')}`;
    throw new TributaryError(
      'STATE_INVALID',
      `The state of ${table} has a key "tributary" that this version cannot read${where}`,
      {
        hint: `Use the version that wrote it, or remove bookmarks.${table} from the state: the table is read anew then`,
        cause: parsed.error,
        context: { table },
      },
    );
  }
  const { writtenAtMs, method, version, gap } = parsed.data;
  return { ledger: ledgerOf(parsed.data, table), gap, writtenAtMs, method, version };
}

function ledgerOf(stored: z.output<typeof progressSchema>, table: string): TapLedger {
  const { live, loading, columns, highestBase, lastResyncAtMs } = stored;
  const key = stored.key ?? NO_KEY;
  const schema: StoredSchema = columns === null ? initialSchema(key) : { schemaVersion: 1, columns };
  return {
    ...{ source: '', table, destinationSchema: '', destinationTable: table },
    live: live && liveLedger(live, { schema, key }),
    loading: loading && loadingLedger(loading, { schema, key }),
    ...{ highestBase, highestEpoch: 0, lastResyncAtMs, resetRequested: false },
  };
}

interface Shape {
  readonly schema: StoredSchema;
  readonly key: TableKey;
}

function liveLedger({ singerVersion: number, ...live }: Live, { schema, key }: Shape): TapLedger['live'] {
  return { ...live, rowCount: 0, schema, parts: { singerVersion: number, key } };
}

function loadingLedger(stored: Loading, { schema, key }: Shape): TapLoading {
  const { segments, shards, singerVersion: number, ...loading } = stored;
  const units = unitsOf({ segments, shards, base: loading.base });
  return { ...loading, schema, units, parts: { singerVersion: number, key } };
}

function unitsOf({
  base,
  segments,
  shards,
}: Pick<Loading, 'base' | 'segments' | 'shards'>): ReadonlyMap<UnitId, UnitState> {
  const units = new Map<UnitId, UnitState>();
  for (const [unit, position] of segments) units.set(unit, { unit, position, shard: null, epoch: 0 });
  for (const [shardId, place, lane, position, verifiedThroughMs, firstListedAtMs] of shards) {
    const parent = typeof place === 'number' ? (shards[place]?.[0] ?? null) : place;
    // What comes later gets more than the base; what was given in earlier runs does not matter to a reader of messages.
    const shard = { parent, lane, sequence: base, verifiedThroughMs, firstListedAtMs };
    units.set(shardUnit(shardId), { unit: shardUnit(shardId), position, shard, epoch: 0 });
  }
  return units;
}

/** Of a ledger that no version was begun in. */
const NO_KEY: TableKey = [{ name: '', type: 'S' }];

function tableKey([hash, range]: readonly TableKey[0][], context: z.RefinementCtx): TableKey {
  if (hash !== undefined) return range === undefined ? [hash] : [hash, range];
  context.addIssue({ code: 'custom', message: 'no key' });
  return z.NEVER;
}
