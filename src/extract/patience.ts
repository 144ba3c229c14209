import { backoffMs } from '../platform/backoff.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';

/** Throttling is a state of the table, not a fault: it is waited out for as long as a burst of other work may last. */
const THROTTLE_PATIENCE_MS = 30 * 60_000;
/** Server errors and broken answers beyond this are an outage; the next run resumes. The SDK has retried each already. */
const FAULT_PATIENCE_MS = 5 * 60_000;
const BACKOFF = { firstMs: 500, maxMs: 20_000 };

export interface Patience {
  /** How long to wait before another attempt, in milliseconds; throws `error` where none is worth it. */
  delayMs(error: unknown): number;
  /** Resolves after that delay, or rejects with the reason of the signal. */
  wait(error: unknown, signal: AbortSignal): Promise<void>;
}

/**
 * Decides how long one page or answer is asked for again. Only transient errors are. The time of refusals and that of faults count
 * apart, each from its first: a fault at the end of a long throttling is the first fault.
 */
export function createPatience(options: {
  readonly clock: Clock;
  readonly onWait: (message: string) => void;
  readonly random?: () => number;
}): Patience {
  const { clock } = options;
  const throttles: Since = { sinceMs: null, patienceMs: THROTTLE_PATIENCE_MS };
  const faults: Since = { sinceMs: null, patienceMs: FAULT_PATIENCE_MS };
  let attempt = 0;
  const delayMs = (error: unknown): number => {
    if (!(error instanceof TributaryError) || error.kind !== 'transient') throw error;
    const since = error.code === 'THROTTLED' ? throttles : faults;
    const now = clock.now();
    if (since.sinceMs === null) {
      options.onWait(`${error.message}; asking again for up to ${since.patienceMs / 60_000} minutes`);
      since.sinceMs = now;
    }
    if (now - since.sinceMs >= since.patienceMs) throw error;
    attempt += 1;
    return backoffMs(attempt - 1, BACKOFF, options.random);
  };
  return {
    delayMs,
    async wait(error, signal) {
      signal.throwIfAborted();
      await clock.sleep(delayMs(error), signal);
    },
  };
}

interface Since {
  sinceMs: number | null;
  readonly patienceMs: number;
}
