import { backoffMs } from '../../platform/backoff.ts';
import type { Clock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';

/** Throttling is a state of the table, not a fault: it is waited out for as long as a burst of other work may last. */
const THROTTLE_PATIENCE_MS = 30 * 60_000;
/** Server errors and broken answers beyond this are an outage; the next run resumes. The SDK has retried each already. */
const FAULT_PATIENCE_MS = 5 * 60_000;
const BACKOFF = { firstMs: 500, maxMs: 20_000 };

interface Patience {
  /** Resolves after a delay when another attempt is worth it, else throws `error`. */
  wait(error: unknown, signal: AbortSignal): Promise<void>;
}

/** Decides how long one page is asked for again. Only transient errors are; the time counts from the first of them. */
export function createPatience(options: {
  readonly clock: Clock;
  readonly onWait: (message: string) => void;
  readonly random?: () => number;
}): Patience {
  const { clock } = options;
  let firstFailureMs: number | null = null;
  let attempt = 0;
  return {
    async wait(error, signal) {
      signal.throwIfAborted();
      if (!(error instanceof TributaryError) || error.kind !== 'transient') throw error;
      const now = clock.now();
      firstFailureMs ??= now;
      const patienceMs = error.code === 'THROTTLED' ? THROTTLE_PATIENCE_MS : FAULT_PATIENCE_MS;
      if (now - firstFailureMs >= patienceMs) throw error;
      if (attempt === 0) options.onWait(`${error.message}; asking again for up to ${patienceMs / 60_000} minutes`);
      await clock.sleep(backoffMs(attempt, BACKOFF, options.random), signal);
      attempt += 1;
    },
  };
}
