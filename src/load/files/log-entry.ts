import { z } from 'zod';
import { TributaryError } from '../../platform/errors.ts';
import { storedBase, storedLedger, storedSchema, storedShardProgress, storedText } from '../stored-ledger.ts';
import { storedPosition, storedUnit } from '../stored-state.ts';

/*
 * The commit log of a table: `_log/<seq>.json`, one entry a file, in the order of their numbers without a hole. An entry
 * that exists is committed. `begin`, `finish` and `reset` carry the whole state of the table, so a reader starts at the
 * latest of them; `acquire` and `append` say what they add.
 */

/** Unknown to this version means unreadable to this version. Format 1 said `building` for `loading` and knew no shards. */
const FORMAT = 2;

const count = z.number().int().nonnegative();
const dataFile = z.object({
  /** Relative to the folder of the table. */
  file: z.string(),
  rows: count,
  bytes: count,
});
/** One data file of a version. */
export type DataFile = Readonly<z.infer<typeof dataFile>>;

const ledger = z.preprocess(renamedFromFormat1, storedLedger(z.array(dataFile).readonly()));
/** A version that readers may still be reading, and since when it is no longer the live one. */
const retiredVersion = z.object({ version: count, base: storedBase, sinceMs: z.number() });
export type RetiredVersion = Readonly<z.infer<typeof retiredVersion>>;

const head = { format: z.literal([1, FORMAT]), seq: count, commit: z.uuid(), atMs: z.number() };
const logEntry = z.discriminatedUnion('kind', [
  z.object({
    ...head,
    kind: z.enum(['begin', 'finish', 'reset']),
    ledger,
    retired: z.array(retiredVersion).readonly(),
  }),
  z.object({
    ...head,
    kind: z.literal('acquire'),
    version: count,
    base: storedBase,
    claim: z.uuid(),
    units: z.array(storedUnit).readonly(),
  }),
  z.object({
    ...head,
    kind: z.literal('append'),
    version: count,
    base: storedBase,
    claim: z.uuid(),
    moves: z
      .array(
        z.object({
          unit: storedUnit,
          epoch: count,
          from: storedPosition,
          to: storedPosition,
          shard: storedShardProgress.nullable().default(null),
        }),
      )
      .readonly(),
    part: dataFile.nullable(),
    /** Only where it is newer than the one before. */
    schema: storedSchema.nullable(),
  }),
]);
export type LogEntry = z.infer<typeof logEntry>;
/** An entry as it is thought up: number and identity come with the attempt to write it. */
export type LogEntryBody = DistributiveOmit<LogEntry, 'format' | 'seq' | 'commit' | 'atMs'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export function encodeLogEntry(entry: Omit<LogEntry, 'format'>): string {
  return `${storedText({ format: FORMAT, ...entry })}\n`;
}

/** Rejects with STATE_INVALID what no version, or a newer one, has written. */
export function decodeLogEntry(text: string, path: string): LogEntry {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TributaryError('STATE_INVALID', `${path} is not a log entry: it is not JSON`, { cause: error });
  }
  const parsed = logEntry.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw new TributaryError('STATE_INVALID', `${path} is not a log entry that this version can read${where}`, {
    cause: parsed.error,
    context: { path },
  });
}

function renamedFromFormat1(stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null || !('building' in stored)) return stored;
  const { building, ...others } = stored;
  return { loading: building, ...others };
}
