import { isDeepStrictEqual } from 'node:util';
import { withLoading } from '../load/table-ledger.ts';
import { parseShardUnit } from '../model/unit.ts';
import type { NewUnit, UnitState } from '../model/unit-state.ts';
import type { Logger } from '../platform/logger.ts';
import type { TapBookmark } from '../singer/tap-state.ts';
import { isTapKey, segmentOfTapKey, shardsAfterTap } from '../state/import-tap-state.ts';
import { beginFromPython } from './begin-from-python.ts';
import { tapKeyOf } from './bookmark.ts';
import { parseProgress, type StoredProgress } from './stored-progress.ts';
import type { TableProgress } from './table-progress.ts';
import type { TapLedger, TapLoading } from './tap-ledger.ts';
import type { TapSource } from './tap-source.ts';

interface ResumeOptions {
  readonly table: string;
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
  /** Asked only where the Python tap has had a part in the bookmark. */
  readonly source: () => Promise<TapSource>;
  readonly nowMs: number;
  readonly log: Logger;
}

/**
 * Where a table goes on, whichever of the taps has written its bookmark; null where it is read anew. Rejects with
 * STATE_INVALID where nobody has.
 */
export async function resumeFromBookmark(bookmark: TapBookmark, options: ResumeOptions): Promise<TableProgress | null> {
  const { table, method, log } = options;
  const { lastReplicationMethod, succeededAtMs } = bookmark;
  if (lastReplicationMethod !== null && lastReplicationMethod !== method) {
    log.info(
      `${table}: the replication method was ${lastReplicationMethod} and is ${method} now: the table is read anew`,
    );
    return null;
  }
  const stored = bookmark.ours === null ? null : parseProgress(bookmark.ours, table);
  // A text of ours that another tap has left where it was, or that came back from an older state.
  const isOurs = stored !== null && stored.version === bookmark.version && stored.method === method;
  if (!isOurs) return await beginFromPython(withoutKeyOf(stored, bookmark), options);
  const ledger = await goneOn(stored, bookmark, options);
  return { ledger, gap: stored.gap, succeededAtMs };
}

/** The key of a version of ours that came back by a merge: in another version it would leave out all rows before it. */
function withoutKeyOf(stored: StoredProgress | null, bookmark: TapBookmark): TapBookmark {
  const loading = stored?.ledger.loading ?? null;
  const isStale = loading !== null && isDeepStrictEqual(tapKeyOf(loading), bookmark.lastEvaluatedKey);
  return isStale ? { ...bookmark, lastEvaluatedKey: null } : bookmark;
}

/** What we have stored, and what the Python tap has read since: each unit where the one has got to that has got further. */
async function goneOn(stored: StoredProgress, bookmark: TapBookmark, options: ResumeOptions): Promise<TapLedger> {
  const { ledger } = stored;
  const { loading } = ledger;
  if (loading === null) return ledger;
  if (loading.stream === null) return fullTableGoneOn(ledger, loading, bookmark);
  // In all other phases the Python tap reads everything anew, and then the version is another.
  if (loading.phase !== 'following' || !mayHaveMoved(loading, stored.writtenAtMs, bookmark)) return ledger;
  const { listing, awsNowMs } = await options.source();
  const units = shardsAfterTap(bookmark, {
    ...{ listing, awsNowMs, base: loading.base, laneCount: loading.stream.laneCount },
    units: [...loading.units.values()],
    writtenAtMs: stored.writtenAtMs,
  });
  options.log.info(`${options.table}: goes on where the Python tap has stopped`);
  return withLoading(ledger, { ...loading, units: withEpochs(units) });
}

/** Whether anything in the bookmark is not as we have left it, stale leftovers of older states included. */
function mayHaveMoved({ units }: TapLoading, writtenAtMs: number, bookmark: TapBookmark): boolean {
  if ((bookmark.succeededAtMs ?? 0) > writtenAtMs) return true;
  const positions = new Map([...units.values()].map(({ unit, position }) => [parseShardUnit(unit), position]));
  const isFinished = (shard: string): boolean => positions.get(shard) === 'end';
  if ((bookmark.finishedShards ?? []).some((shard) => !isFinished(shard))) return true;
  const numbers = Object.entries(bookmark.shardSequenceNumbers);
  return numbers.some(([shard, number]) => !isFinished(shard) && positions.get(shard) !== `after ${number}`);
}

/** A Scan of one segment goes on from the key of the Python tap, or has ended with it. */
function fullTableGoneOn(ledger: TapLedger, loading: TapLoading, { lastEvaluatedKey }: TapBookmark): TapLedger {
  const ours = tapKeyOf(loading);
  if (isDeepStrictEqual(ours, lastEvaluatedKey)) return ledger;
  if (lastEvaluatedKey === null) {
    const { version, base, startedAtMs: sinceMs, schema, parts } = loading;
    return { ...ledger, live: { version, base, sinceMs, rowCount: 0, schema, parts }, loading: null };
  }
  if (loading.units.size !== 1 || !isTapKey(lastEvaluatedKey)) return ledger;
  return withLoading(ledger, { ...loading, units: withEpochs([segmentOfTapKey(lastEvaluatedKey)]) });
}

function withEpochs(units: readonly NewUnit[]): ReadonlyMap<UnitState['unit'], UnitState> {
  return new Map(units.map((unit) => [unit.unit, { ...unit, epoch: 0 }]));
}
