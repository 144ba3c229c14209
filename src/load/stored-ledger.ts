import { z } from 'zod';
import { GAP_KINDS, type Gap } from '../model/gap.ts';
import type { StoredSchema } from '../model/stored-schema.ts';
import type { FollowedStream, TablePhase } from '../model/table-state.ts';
import type { UnitId } from '../model/unit.ts';
import type { ShardBookmark, ShardProgress, UnitState } from '../model/unit-state.ts';
import { storedEvidence, storedPosition, storedUnit } from './stored-state.ts';
import type { TableLedger } from './table-ledger.ts';

/* The ledger of a table as JSON: big numbers as text, units as a list. */

const count = z.number().int().nonnegative();
const time = z.number();
export const storedBase = z.string().regex(/^\d+$/).transform(BigInt);

export const storedSchema: z.ZodType<StoredSchema> = z.object({
  schemaVersion: count,
  columns: z.array(z.object({ attribute: z.string(), columnName: z.string().nullable(), evidence: storedEvidence })),
});

const stream: z.ZodType<FollowedStream> = z.object({
  arn: z.string(),
  laneCount: z.number().int().positive(),
  gapCount: count,
  gapEndMs: time.nullable(),
});
const progress = { sequence: storedBase, verifiedThroughMs: time };
export const storedShardProgress: z.ZodType<ShardProgress> = z.object(progress);
const shard: z.ZodType<ShardBookmark> = z.object({
  ...progress,
  parent: z.string().nullable(),
  lane: count,
  firstListedAtMs: time,
});
const phase: z.ZodType<Exclude<TablePhase, 'new' | 'full-table'>> = z.enum([
  'snapshotting',
  'following',
  'resyncing',
  'gap',
  'failed',
]);
const units = z
  .array(z.object({ unit: storedUnit, epoch: count, position: storedPosition, shard: shard.nullable().default(null) }))
  .transform((states): ReadonlyMap<UnitId, UnitState> => new Map(states.map((state) => [state.unit, state])));

/**
 * Reads the ledger of a table; `parts` reads what its rows consist of. What tables had before they could follow streams
 * is read, too.
 */
export function storedLedger<Parts>(parts: z.ZodType<Parts>): z.ZodType<TableLedger<Parts>> {
  const version = { version: count, base: storedBase, rowCount: count, schema: storedSchema, parts };
  return z.object({
    source: z.string(),
    table: z.string(),
    destinationSchema: z.string(),
    destinationTable: z.string(),
    live: z.object({ ...version, sinceMs: time }).nullable(),
    loading: z
      .object({
        ...version,
        placement: z.enum(['aside', 'live']).default('aside'),
        stream: stream.nullable().default(null),
        phase: phase.nullable().default(null),
        identity: z.string(),
        layout: z.string(),
        startedAtMs: time,
        lastCommitAtMs: time,
        units,
      })
      .nullable(),
    highestBase: storedBase,
    highestEpoch: count,
    lastResyncAtMs: time.nullable().default(null),
    resetRequested: z.boolean(),
  });
}

export const storedGap: z.ZodType<Gap> = z.object({
  gapId: z.string(),
  source: z.string(),
  table: z.string(),
  version: count,
  kind: z.enum(GAP_KINDS),
  streamArn: z.string(),
  shard: z.string().nullable(),
  fromMs: time.nullable(),
  toMs: time,
  detectedAtMs: time,
  detail: z.string(),
  reaction: z.enum(['resync', 'waits', 'failed']),
  resolvedAtMs: time.nullable(),
});

/** JSON text of anything that holds ledgers, as the schemas of this file read it. */
export function storedText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'bigint') return String(member);
    return member instanceof Map ? [...member.values()] : member;
  });
}
