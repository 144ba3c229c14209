import { z } from 'zod';
import { namedValues } from './named-values.ts';
import { isShallow, TOO_DEEP } from './nesting.ts';
import { plainIssue } from './plain-issue.ts';
import { parseSingerTime, singerTime } from './singer-time.ts';

/** What tap-dynamodb remembers of a table: the Python one, and ours with a key beside. */
export interface TapBookmark {
  readonly lastReplicationMethod: string | null;
  /** When its last full reading began, milliseconds of the clock; null before the first. */
  readonly version: number | null;
  /** Where an interrupted full reading goes on: attribute to type to value, as in DynamoDB JSON. */
  readonly lastEvaluatedKey: TapKey | null;
  readonly isInitialLoadComplete: boolean;
  /** Shards that were read to their end; null where the table was never replicated through its stream. */
  readonly finishedShards: readonly string[] | null;
  /** Last number that was read of shards whose reading was interrupted. */
  readonly shardSequenceNumbers: Readonly<Record<string, string>>;
  /** When a run of the table ended well: shards that were closed then had been read; null before. */
  readonly succeededAtMs: number | null;
  /** What our tap remembers beside, as text; null where the Python one has begun the bookmark. */
  readonly ours: string | null;
  /** Keys that no tap knows, as they were. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export type TapKey = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A state of Singer, of which other taps may have a part. */
export interface TapState {
  /** By stream, which is the table. */
  readonly bookmarks: ReadonlyMap<string, TapBookmark>;
  /** Everything else, as it was. */
  readonly rest: Readonly<Record<string, unknown>>;
}

const sequenceNumber = z.string().regex(/^\d{1,40}$/, 'not a sequence number');
const bookmarkSchema = z.looseObject({
  last_replication_method: z.string().nullish(),
  version: z.int().nonnegative().nullish(),
  last_evaluated_key: namedValues(z.record(z.string(), z.string())).nullish(),
  initial_full_table_complete: z.boolean().nullish(),
  finished_shards: z.array(z.string().min(1)).nullish(),
  shard_seq_numbers: z.record(z.string(), sequenceNumber.nullable()).nullish(),
  success_timestamp: z.iso.datetime({ offset: true, local: true }).nullish(),
  tributary: z.string().nullish(),
});
const EXPECTED = 'expected {}, or an object with "bookmarks" or "currently_syncing"';
/** A config or a catalog that was given by mistake must not pass for the state of a first run. */
const stateSchema = z
  .looseObject({ bookmarks: namedValues(bookmarkSchema.nullable()).nullish() }, EXPECTED)
  .refine((state) => Object.keys(state).length === 0 || 'bookmarks' in state || 'currently_syncing' in state, EXPECTED);
/** Targets print the state alone; what a tap has written is a message around it. */
const messageSchema = z.looseObject({ type: z.literal('STATE'), value: stateSchema });
const isMessage = z.looseObject({ type: z.literal('STATE'), value: z.unknown() });
/** What no tap knows is written again. */
const writable = z.unknown().refine(isShallow, TOO_DEEP);

/** A Singer state of tap-dynamodb; one without bookmarks is that of a first run. Throws a ZodError where it is none. */
export function parseTapState(json: unknown): TapState {
  writable.parse(json);
  const { bookmarks, ...rest } = isMessage.safeParse(json).success
    ? messageSchema.parse(json, { error: plainIssue }).value
    : stateSchema.parse(json, { error: plainIssue });
  const found = Object.entries(bookmarks ?? {}).map(
    ([table, bookmark]) => [table, tapBookmark(bookmark ?? {})] as const,
  );
  return { bookmarks: new Map(found), rest };
}

function tapBookmark({
  last_replication_method: lastReplicationMethod,
  version,
  last_evaluated_key: lastEvaluatedKey,
  initial_full_table_complete: isInitialLoadComplete,
  finished_shards: finishedShards,
  shard_seq_numbers: numbers,
  success_timestamp: succeededAt,
  tributary: ours,
  ...rest
}: z.infer<typeof bookmarkSchema>): TapBookmark {
  const known = Object.entries(numbers ?? {}).flatMap(([shard, number]) => (number === null ? [] : [[shard, number]]));
  return {
    lastReplicationMethod: lastReplicationMethod ?? null,
    version: version ?? null,
    lastEvaluatedKey: lastEvaluatedKey ?? null,
    isInitialLoadComplete: isInitialLoadComplete ?? false,
    finishedShards: finishedShards ?? null,
    shardSequenceNumbers: Object.fromEntries(known),
    succeededAtMs: succeededAt == null ? null : parseSingerTime(succeededAt),
    ours: ours ?? null,
    rest,
  };
}

/** The value of a STATE message. `currentlySyncing` null: it stays what it was. */
export function formatTapState({ bookmarks, rest }: TapState, currentlySyncing: string | null): object {
  return {
    ...rest,
    bookmarks: Object.fromEntries([...bookmarks].map(([table, bookmark]) => [table, formatTapBookmark(bookmark)])),
    ...(currentlySyncing === null ? {} : { currently_syncing: currentlySyncing }),
  };
}

/**
 * Null in place of what is no more: who runs taps may merge states, and then what is left out comes back from an older one.
 * A bookmark that ours has no part in gets no keys that it had not.
 */
export function formatTapBookmark(bookmark: TapBookmark): object {
  const { lastEvaluatedKey, isInitialLoadComplete, finishedShards, shardSequenceNumbers, ours, rest } = bookmark;
  const { succeededAtMs } = bookmark;
  const known = {
    last_replication_method: bookmark.lastReplicationMethod,
    version: bookmark.version,
    last_evaluated_key: lastEvaluatedKey,
    initial_full_table_complete: isInitialLoadComplete || (ours === null ? null : false),
    finished_shards: finishedShards,
    shard_seq_numbers: ours === null && Object.keys(shardSequenceNumbers).length === 0 ? null : shardSequenceNumbers,
    success_timestamp: succeededAtMs === null ? null : singerTime(succeededAtMs),
    tributary: ours,
  };
  if (ours !== null) return { ...rest, ...known };
  return { ...rest, ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)) };
}
