import { withEpoch } from '../load/table-ledger.ts';
import type { FollowedStream } from '../model/table-state.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { LANE_COUNT } from '../replication/log-based.ts';
import { initialSchema } from '../schema/merge.ts';
import type { TapBookmark } from '../singer/tap-state.ts';
import { isLoadComplete, isTapKey, segmentOfTapKey, unitsOfTapBookmark } from '../state/import-tap-state.ts';
import { nextBase } from '../state/next-base.ts';
import type { TableProgress } from './table-progress.ts';
import type { TapLedger, TapLoading } from './tap-ledger.ts';
import type { TapSource } from './tap-source.ts';

interface BeginOptions {
  readonly table: string;
  readonly method: 'FULL_TABLE' | 'LOG_BASED';
  readonly source: () => Promise<TapSource>;
  readonly nowMs: number;
  readonly log: Logger;
}

/**
 * Goes on where the Python tap has stopped: with the version that it has begun, behind the last key of its Scan, from its
 * shards. Null where it has not begun the table.
 */
export async function beginFromPython(bookmark: TapBookmark, options: BeginOptions): Promise<TableProgress | null> {
  const { version, succeededAtMs } = bookmark;
  if (version === null) return null;
  const ledger =
    options.method === 'LOG_BASED'
      ? await followedLedger(bookmark, options, version)
      : await fullTableLedger(bookmark, options, version);
  return { ledger, gap: null, succeededAtMs };
}

async function followedLedger(bookmark: TapBookmark, options: BeginOptions, version: number): Promise<TapLedger> {
  const { table, nowMs, log } = options;
  if (bookmark.finishedShards === null) return begun(options, null, null);
  const source = await options.source();
  const { listing, awsNowMs, streamArn: arn } = source;
  const base = nextBase({ state: null, units: [], nowMs });
  const units = unitsOfTapBookmark(bookmark, { listing, awsNowMs, base, laneCount: LANE_COUNT });
  if (typeof units === 'string') return begun(options, null, null);
  log.info(`${table}: goes on where the Python tap has stopped`);
  const phase = isLoadComplete(bookmark) ? 'following' : 'snapshotting';
  const stream = { arn, laneCount: LANE_COUNT, gapCount: 0, gapEndMs: null };
  const loading = loadingOf(source, { version, number: 1, base, nowMs, units, stream, phase });
  const { schema, parts } = loading;
  return begun(options, { version: 1, base, sinceMs: version, rowCount: 0, schema, parts }, loading);
}

async function fullTableLedger(bookmark: TapBookmark, options: BeginOptions, version: number): Promise<TapLedger> {
  const { table, nowMs, log } = options;
  const { lastEvaluatedKey, isInitialLoadComplete } = bookmark;
  // What the last version was is all that is needed of one that is complete; the next begins with what the table shows.
  if (lastEvaluatedKey === null) return begun(options, null, null);
  if (!isTapKey(lastEvaluatedKey)) {
    throw new TributaryError('STATE_INVALID', `${table}: last_evaluated_key in the state is no key of an item`, {
      hint: `Take bookmarks.${table} out of the state: the next run reads the table again`,
      context: { table },
    });
  }
  const source = await options.source();
  log.info(`${table}: goes on behind the last key of the Python tap`);
  const base = nextBase({ state: null, units: [], nowMs });
  const number = isInitialLoadComplete ? 2 : 1;
  const units = [segmentOfTapKey(lastEvaluatedKey)];
  const loading = loadingOf(source, { version, number, base, nowMs, units, stream: null, phase: null });
  const { schema, parts } = loading;
  const live = { version: 1, base: base - 1n, sinceMs: version, rowCount: 0, schema, parts };
  return begun(options, isInitialLoadComplete ? live : null, loading);
}

function loadingOf(
  { identity, layout, key }: TapSource,
  options: {
    readonly version: number;
    readonly number: number;
    readonly base: bigint;
    readonly nowMs: number;
    readonly units: readonly NewUnit[];
    readonly stream: FollowedStream | null;
    readonly phase: TapLoading['phase'];
  },
): TapLoading {
  const { version, number, base, nowMs, units, stream, phase } = options;
  return {
    ...{ version: number, base, identity, layout, stream, phase, rowCount: 0 },
    placement: stream === null ? 'aside' : 'live',
    startedAtMs: version,
    // The Python tap does not say when it has stopped, and goes on after any time.
    lastCommitAtMs: nowMs,
    schema: initialSchema(key),
    units: withEpoch(units, 0),
    parts: { singerVersion: version, key },
  };
}

function begun({ table }: BeginOptions, live: TapLedger['live'], loading: TapLoading | null): TapLedger {
  return {
    ...{ source: '', table, destinationSchema: '', destinationTable: table, live, loading },
    ...{ highestBase: loading?.base ?? 0n, highestEpoch: 0, lastResyncAtMs: null, resetRequested: false },
  };
}
