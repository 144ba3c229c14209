import type { StoredSchema } from '../model/stored-schema.ts';
import { TributaryError } from '../platform/errors.ts';
import type { TapBookmark } from '../singer/tap-state.ts';
import type { StreamMessages, TapStream } from './stream-messages.ts';
import type { TableProgress } from './table-progress.ts';
import type { TapLedger, TapLoading, TapParts } from './tap-ledger.ts';

/** One table in a run: what is known of it, and what was said of it. */
export interface TapTable {
  readonly stream: TapStream;
  readonly messages: StreamMessages;
  /** As it was given, null where the table begins anew. */
  bookmark: TapBookmark | null;
  progress: TableProgress | null;
  /** Of all versions that readers have seen. */
  highestSingerVersion: number;
  /** The first version of all is activated before its rows, so that they show up right away. */
  owesFirstActivation: boolean;
  /** The version is activated once where the log begins: the Python tap does so, too. */
  isLogBegun: boolean;
}

/** Rejects with BUG for a table that was never begun. */
export function ledgerOf({ progress, stream }: TapTable): TapLedger {
  if (progress !== null) return progress.ledger;
  throw new TributaryError('BUG', `${stream.stream} was never begun`);
}

/** Rejects with STATE_INVALID where the state has brought the last number that there is. */
export function nextSingerVersion(table: TapTable, nowMs: number): number {
  const { highestSingerVersion: last, stream } = table;
  if (last >= Number.MAX_SAFE_INTEGER) {
    throw new TributaryError(
      'STATE_INVALID',
      `${stream.stream}: no version comes after that of its bookmark, ${last}`,
      {
        hint: `Take bookmarks.${stream.stream} out of the state: the next run reads the table again`,
      },
    );
  }
  table.highestSingerVersion = Math.max(Math.floor(nowMs), last + 1);
  return table.highestSingerVersion;
}

/** What a version says of itself. */
interface Introduced {
  readonly parts: TapParts;
  readonly schema: StoredSchema;
}

/** What comes first, before anything else of the stream. `activeVersion`: see `StreamMessages.schema`. */
export async function introduce(
  table: TapTable,
  { parts, schema }: Introduced,
  activeVersion: number | null,
): Promise<void> {
  await table.messages.schema({ schema, key: parts.key }, activeVersion);
  if (!table.owesFirstActivation) return;
  table.owesFirstActivation = false;
  await table.messages.activate(parts.singerVersion);
}

/** Says where the log begins, unless that was said. Not while a part of the Scan is missing: see `StreamMessages.activate`. */
export async function beginLog(table: TapTable, loading: TapLoading): Promise<void> {
  if (table.isLogBegun || loading.stream === null) return;
  table.isLogBegun = true;
  await introduce(table, loading, null);
  await table.messages.activate(loading.parts.singerVersion);
}
