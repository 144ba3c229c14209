import type { StreamFollower } from '../extract/streams/follow-stream.ts';
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

/** Resolves when every change that was made before `atMs`, by AWS's clock, has been handed to the loader. */
export async function untilCaughtUp(
  { run }: VersionSession,
  follower: StreamFollower,
  { atMs, signal }: { readonly atMs: number; readonly signal: AbortSignal },
): Promise<void> {
  while (!follower.isCaughtUpWith(atMs)) {
    follower.hurry(atMs);
    await run.clock.sleep(CATCH_UP_POLL_MS, signal);
  }
}
