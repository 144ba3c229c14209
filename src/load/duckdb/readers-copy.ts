import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';

/** The copy for readers of a file that changes: copied one at a time, and only where it lacks something. */
export interface ReadersCopy {
  /** What readers see has changed: the copy is renewed without waiting for it, but not more often than once a minute. */
  renewSoon(): void;
  /** What readers see has changed: the copy is renewed now. Resolves also when that fails, which is logged. */
  renewNow(signal: AbortSignal): Promise<void>;
  /** Renews the copy if it lacks something; rejects with what is in the way. */
  complete(signal: AbortSignal): Promise<void>;
}

/** Each time the whole file is copied while commits wait: readers of a table that is followed are a minute behind at most. */
const RENEWAL_INTERVAL_MS = 60_000;

/** Renews the copy by `publish`; by itself until the signal aborts, and what is due then is left undone. */
export function createReadersCopy(options: {
  readonly publish: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): ReadersCopy {
  const { publish, clock, log } = options;
  let isStale = false;
  let renewedAtMs = Number.NEGATIVE_INFINITY;
  let lastRenewal: Promise<unknown> = Promise.resolve();
  let isRenewingSoon = false;

  const renew = async (signal: AbortSignal): Promise<void> => {
    if (!isStale) return;
    // Before the copy is made: what is committed meanwhile may not be in it.
    isStale = false;
    try {
      await publish(signal);
    } catch (error) {
      isStale = true;
      throw error;
    } finally {
      renewedAtMs = clock.now();
    }
  };
  /** Two at once would write the same file. */
  const complete = (signal: AbortSignal): Promise<void> => {
    const renewal = lastRenewal.then(() => renew(signal));
    lastRenewal = renewal.catch(() => {});
    return renewal;
  };
  const completeOrLog = async (signal: AbortSignal): Promise<void> => {
    try {
      await complete(signal);
    } catch (error) {
      // What was committed is durable; it is tried again later, and close() reports what it meets.
      log.warning(`The copy for readers is not up to date: ${error instanceof Error ? error.message : error}`);
    }
  };
  const renewWhileStale = async (): Promise<void> => {
    for (;;) {
      // The minute begins when the copy that is being made is there.
      await lastRenewal;
      if (!isStale || options.signal.aborted) break;
      const sinceMs = clock.now() - renewedAtMs;
      // Less than nothing: the clock was set back.
      if (sinceMs < 0 || sinceMs >= RENEWAL_INTERVAL_MS) await completeOrLog(options.signal);
      // It rejects by the signal only, which is asked next.
      else await clock.sleep(RENEWAL_INTERVAL_MS - sinceMs, options.signal).catch(() => {});
    }
    isRenewingSoon = false;
  };

  return {
    renewSoon() {
      isStale = true;
      if (isRenewingSoon) return;
      isRenewingSoon = true;
      void renewWhileStale();
    },
    renewNow(signal) {
      isStale = true;
      return completeOrLog(signal);
    },
    complete,
  };
}
