import { TributaryError } from '../platform/errors.ts';
import { plural } from '../platform/format.ts';
import { layoutOf } from './table-replication.ts';
import type { VersionSession } from './version-session.ts';

/**
 * Ends a snapshot or a resync: from then on the table is `following`. `behind`: a shard has come to light that is not
 * verified that far, so catching up is not over. `refused`: it would delete more than half of the rows and nobody has
 * allowed that; a run without end follows the table on as it is, others reject with SHRINK_REFUSED. Rejects with
 * TABLE_NOT_READY when the table or its stream was replaced since.
 */
export async function finishSnapshot(
  { run, facts, loading, stream, loader, progress }: VersionSession,
  { caughtUpWithMs, signal }: { readonly caughtUpWithMs: number; readonly signal: AbortSignal },
): Promise<'finished' | 'behind' | 'refused'> {
  const { target, destination, log } = run;
  const now = await run.describe(signal);
  if (now.identity !== facts.identity || now.stream.arn !== facts.streamArn || layoutOf(run, now) !== facts.layout) {
    throw new TributaryError('TABLE_NOT_READY', `${target.table} or its stream was replaced while it was read`, {
      hint: 'Run again: the next run reads the table anew; readers keep what is there until then',
    });
  }
  // Without a gap nothing was deleted unseen, and nothing is swept.
  const keepExpiredBy = stream.gapEndMs === null ? null : await run.keepExpiredBy(signal);
  const { version, base } = loading;
  // Open shards that are left alone are verified through nothing; those that had closed by then are at their end.
  const verifiedThroughMs = run.shards === 'closed' ? null : caughtUpWithMs;
  try {
    const finished = await loader.afterFlush(async () => {
      if (verifiedThroughMs !== null && !progress.isVerifiedThrough(verifiedThroughMs)) return null;
      return await destination.refresh.finish(
        {
          ...target,
          version,
          base,
          deduplicateBy: null,
          changes: { caughtUpWithMs: verifiedThroughMs, deletes: run.deletes, keepExpiredBy },
          allowShrink: run.allowShrink,
          nowMs: run.clock.now(),
        },
        { signal },
      );
    });
    if (finished === null) return 'behind';
    const { rowCount, sweptRows } = finished;
    run.counters.rowsDeleted += sweptRows;
    const fate = run.deletes === 'soft' ? 'marked as deleted' : 'removed';
    const swept = sweptRows === 0 ? '' : `; ${plural(sweptRows, 'row')} not there any more, now ${fate}`;
    log.at('target').info(`${target.table}: version ${version} is complete with ${plural(rowCount, 'row')}${swept}`);
    return 'finished';
  } catch (error) {
    if (!(error instanceof TributaryError) || error.code !== 'SHRINK_REFUSED' || run.onCaughtUp !== null) throw error;
    log.at('target').error(`${target.table}: ${error.message}. ${error.hint} (${error.code})`);
    return 'refused';
  }
}
