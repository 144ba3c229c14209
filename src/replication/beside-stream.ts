import type { StreamFollower } from '../extract/streams/follow-stream.ts';
import { TributaryError } from '../platform/errors.ts';
import { tapLog } from './table-replication.ts';
import type { VersionSession } from './version-session.ts';

/** How often it is asked whether a table has caught up. */
const CATCH_UP_POLL_MS = 200;

/**
 * Runs `use` while the stream is read, and ends the reading with it. Whichever of the two fails first stops the other;
 * both have ended when this settles.
 */
export async function besideStream<T>(
  session: VersionSession,
  use: (follower: StreamFollower, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const signal = AbortSignal.any([session.signal, stop.signal]);
  const follower = session.follow(signal);
  const reading = follower.run().catch((error: unknown) => {
    stop.abort(error);
  });
  try {
    return await use(follower, signal);
  } catch (error) {
    // The reading may have failed first; then what `use` says is only that it was stopped.
    throw signal.aborted ? signal.reason : error;
  } finally {
    stop.abort(new Error('The reading of the stream has ended'));
    await reading;
  }
}

/**
 * A finished shard has children, which a listing may lack for a moment. After this time a run that ends fails in place of
 * claiming that it has read everything, and a run without end says why it goes on waiting.
 */
const SEARCH_PATIENCE_MS = 5 * 60_000;

/** Resolves when every change that was made before `atMs`, by AWS's clock, has been handed to the loader. */
export async function untilCaughtUp(
  { run }: VersionSession,
  follower: StreamFollower,
  { atMs, signal }: { readonly atMs: number; readonly signal: AbortSignal },
): Promise<void> {
  follower.hurry(atMs);
  const searchedSinceMs = new Map<string, number>();
  let hasWarned = false;
  while (!follower.isCaughtUpWith(atMs)) {
    const searched = new Set(follower.searchedShards(atMs));
    for (const shard of searchedSinceMs.keys()) if (!searched.has(shard)) searchedSinceMs.delete(shard);
    for (const shard of searched) if (!searchedSinceMs.has(shard)) searchedSinceMs.set(shard, run.clock.now());
    const [longestSinceMs = run.clock.now()] = searchedSinceMs.values();
    if (run.clock.now() - longestSinceMs >= SEARCH_PATIENCE_MS && !hasWarned) {
      const missing = `does not list what comes after ${searched.size} of its shards`;
      if (run.onCaughtUp !== null) {
        throw new TributaryError('SOURCE_UNAVAILABLE', `The stream of ${run.target.table} ${missing}`, {
          hint: 'Nothing is lost: the next run goes on where this one ends',
        });
      }
      tapLog(run).warning(
        `has not caught up: for ${SEARCH_PATIENCE_MS / 60_000} minutes its stream ${missing}; it is asked again`,
      );
      hasWarned = true;
    }
    await run.clock.sleep(CATCH_UP_POLL_MS, signal);
  }
}
