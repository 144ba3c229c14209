import { TributaryError } from '../platform/errors.ts';
import { layoutOf } from './table-replication.ts';
import type { VersionSession } from './version-session.ts';

/**
 * Ends a snapshot or a resync: from then on the table is `following`. Resolves to false when that would delete more than
 * half of the rows and nobody has allowed it, in a run without end: then the table is followed on as it is. Rejects with
 * TABLE_NOT_READY when the table or its stream was replaced since.
 */
export async function finishSnapshot(
  { run, facts, loading, loader }: VersionSession,
  { caughtUpWithMs, signal }: { readonly caughtUpWithMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { target, destination, log } = run;
  const now = await run.describe(signal);
  if (now.identity !== facts.identity || now.stream.arn !== facts.streamArn || layoutOf(run, now) !== facts.layout) {
    throw new TributaryError('TABLE_NOT_READY', `${target.table} or its stream was replaced while it was read`, {
      hint: 'Run again: the next run reads the table anew; readers keep what is there until then',
    });
  }
  const keepExpiredBy = await run.keepExpiredBy(signal);
  const { version, base } = loading;
  try {
    const { rowCount, sweptRows } = await loader.exclusively(() =>
      destination.refresh.finish(
        {
          ...target,
          version,
          base,
          deduplicateBy: null,
          changes: { caughtUpWithMs, deletes: run.deletes, keepExpiredBy },
          allowShrink: run.allowShrink,
          nowMs: run.clock.now(),
        },
        { signal },
      ),
    );
    const swept = sweptRows === 0 ? '' : `; ${sweptRows} of them were not there any more and are marked as deleted`;
    log.at('target').info(`${target.table}: version ${version} is complete with ${rowCount} rows${swept}`);
    return true;
  } catch (error) {
    if (!(error instanceof TributaryError) || error.code !== 'SHRINK_REFUSED' || run.onCaughtUp !== null) throw error;
    log.at('target').error(`${target.table}: ${error.message}. ${error.hint} (${error.code})`);
    return false;
  }
}
