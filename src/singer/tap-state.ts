import { z } from 'zod';

/** What the Python tap-dynamodb remembers of a table. */
export interface TapBookmark {
  /** When its last full reading began, milliseconds of the clock; null before the first. */
  readonly version: number | null;
  /** Where an interrupted full reading goes on: attribute to type to value, as in DynamoDB JSON. */
  readonly lastEvaluatedKey: Readonly<Record<string, Readonly<Record<string, string>>>> | null;
  readonly isInitialLoadComplete: boolean;
  /** Shards that were read to their end; null where the table was never replicated through its stream. */
  readonly finishedShards: readonly string[] | null;
  /** Last number that was read of shards whose reading was interrupted. */
  readonly shardSequenceNumbers: Readonly<Record<string, string>>;
  /** When a run of the table ended well: shards that were closed then had been read; null before. */
  readonly succeededAtMs: number | null;
}

const bookmarkSchema = z.looseObject({
  version: z.int().nullish(),
  last_evaluated_key: z.record(z.string(), z.record(z.string(), z.string())).nullish(),
  initial_full_table_complete: z.boolean().nullish(),
  finished_shards: z.array(z.string().min(1)).nullish(),
  shard_seq_numbers: z.record(z.string(), z.string().regex(/^\d{1,40}$/, 'not a sequence number')).nullish(),
  success_timestamp: z.iso.datetime({ offset: true, local: true }).nullish(),
});
const stateSchema = z.looseObject({ bookmarks: z.record(z.string(), bookmarkSchema) });
/** Targets print the state alone; what a tap has written is a message around it. */
const messageSchema = z.looseObject({ type: z.literal('STATE'), value: stateSchema });

/** The bookmarks of a Singer state of tap-dynamodb by table. Throws a ZodError where it is none. */
export function parseTapState(json: unknown): ReadonlyMap<string, TapBookmark> {
  const message = messageSchema.safeParse(json);
  const { bookmarks } = message.success ? message.data.value : stateSchema.parse(json);
  return new Map(Object.entries(bookmarks).map(([table, bookmark]) => [table, tapBookmark(bookmark)]));
}

function tapBookmark(bookmark: z.infer<typeof bookmarkSchema>): TapBookmark {
  const succeededAt = bookmark.success_timestamp ?? null;
  return {
    version: bookmark.version ?? null,
    lastEvaluatedKey: bookmark.last_evaluated_key ?? null,
    isInitialLoadComplete: bookmark.initial_full_table_complete ?? false,
    finishedShards: bookmark.finished_shards ?? null,
    shardSequenceNumbers: bookmark.shard_seq_numbers ?? {},
    succeededAtMs: succeededAt === null ? null : utcMs(succeededAt),
  };
}

/** The tap writes UTC: a time without a zone is meant so. */
function utcMs(text: string): number {
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}
