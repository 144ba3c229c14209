import { listShards } from '../extract/streams/list-shards.ts';
import { parseShardUnit } from '../model/unit.ts';
import { TributaryError } from '../platform/errors.ts';
import { beginFromBookmarks, type ForeignBookmarks, hasTable } from '../replication/begin-from-bookmarks.ts';
import { describeSource, LANE_COUNT } from '../replication/log-based.ts';
import type { LogBasedReplication, StreamFacts } from '../replication/log-based-replication.ts';
import { readState, tapLog } from '../replication/table-replication.ts';
import { readTapState, unitsOfTapBookmark } from '../state/import-tap-state.ts';
import { nextBase } from '../state/next-base.ts';
import { logBasedTables } from './log-based-tables.ts';
import { tableByTable } from './table-by-table.ts';
import type { TablesRequest } from './tables-request.ts';

/** What the import of a state of the Python tap comes to. */
export interface TapStateImport {
  readonly begun: readonly BegunTable[];
  /** Tables of the file that the next run reads completely, with the reason. */
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
}

interface BegunTable {
  readonly run: LogBasedReplication;
  readonly facts: StreamFacts;
  readonly bookmarks: ForeignBookmarks;
  /** Whether a part of the table is still to be scanned. */
  readonly isScanUnfinished: boolean;
  readonly shardCount: number;
}

/**
 * Works out where the tables of a state of tap-dynamodb go on; `tables` are those of the file. Changes nothing. Asks each table and its stream. Rejects
 * with STATE_INVALID when the file is none, and with STATE_NOT_EDITABLE for a table that the destination has.
 */
export async function planTapImport(text: string, request: TablesRequest): Promise<TapStateImport> {
  const tap = readTapState(text);
  const unknown = request.tables.find((table) => !tap.has(table));
  if (unknown !== undefined) {
    throw new TributaryError('SELECTION_INVALID', `The state has no bookmark of ${unknown}`, {
      hint: `It has: ${[...tap.keys()].join(', ') || 'none'}`,
    });
  }
  const wanted = request.tables.length === 0 ? [...tap.keys()] : request.tables;
  const skipped: TapStateImport['skipped'][number][] = [];
  const selected = wanted.filter((table) => {
    if (request.source.tables.get(table)?.method === 'LOG_BASED') return true;
    skipped.push({ table, reason: `it is not selected as LOG_BASED in source ${request.source.name}` });
    return false;
  });
  const begun: BegunTable[] = [];
  for (const run of selected.length === 0 ? [] : await logBasedTables({ ...request, tables: selected })) {
    const { table } = run.target;
    const bookmark = tap.get(table);
    if (bookmark === undefined) continue;
    if ((await readState(run)) !== null) throw hasTable(table);
    const facts = await describeSource(run);
    const { streamArn, identity } = facts;
    const { shards: listing } = await listShards({ ...run, log: tapLog(run), rate: run.describeRate, streamArn });
    const base = nextBase({ state: null, units: [], nowMs: run.clock.now() });
    const laneCount = LANE_COUNT;
    const units = unitsOfTapBookmark(bookmark, { listing, base, laneCount, awsNowMs: run.awsTime.now() });
    if (typeof units === 'string') {
      skipped.push({ table, reason: units });
      continue;
    }
    const shardCount = units.filter(({ unit }) => parseShardUnit(unit) !== null).length;
    begun.push({
      ...{ run, facts, shardCount, isScanUnfinished: shardCount < units.length },
      bookmarks: { version: 1, base, identity, streamArn, laneCount, units },
    });
  }
  return { begun, skipped };
}

/** Makes it so. When a table fails, the error says which are done already. */
export async function applyTapImport({ begun }: TapStateImport): Promise<void> {
  await tableByTable(
    begun.map(({ run, facts, bookmarks }) => ({
      table: run.target.table,
      make: () => beginFromBookmarks(run, { facts, bookmarks }),
    })),
  );
}
