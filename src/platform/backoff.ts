interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Exponential back-off with full jitter (AWS Architecture Blog, "Exponential Backoff and Jitter"): a delay drawn evenly
 * from 0..min(max, first * 2^attempt), so that clients which failed together do not come back together.
 * `attempt` counts from 0.
 */
export function backoffMs(attempt: number, { firstMs, maxMs }: Backoff, random: () => number = Math.random): number {
  return random() * Math.min(maxMs, firstMs * 2 ** attempt);
}
