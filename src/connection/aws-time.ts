import type { Clock } from '../platform/clock.ts';

/** AWS's clock, as far as its answers tell. Stream records carry its times, so only it can be compared with them. */
export interface AwsTime {
  /** Takes the Date header of an answer that has just arrived, and when it was asked for, by our clock. */
  observe(answer: { readonly dateMs: number; readonly askedAtMs: number }): void;
  /** Milliseconds since the epoch, never ahead of AWS. Our clock before the first answer. */
  now(): number;
  /** Never behind AWS: whatever has happened there by now happened before it. Our clock before the first answer. */
  latest(): number;
}

/** A Date header has whole seconds: AWS's clock stood between it and a second later. */
export const DATE_PRECISION_MS = 1_000;

/** How far AWS's clock is ahead of ours: between these two. */
interface Lead {
  readonly leastMs: number;
  readonly mostMs: number;
}

/**
 * AWS stamps an answer after it was asked for and before it arrives; what holds for all answers narrows the time down, and
 * one that was long on its way takes nothing from it. An answer that the others do not agree with shows a step of our
 * clock: from then on it alone counts.
 */
export function createAwsTime(clock: Pick<Clock, 'now'>): AwsTime {
  let lead: Lead | null = null;
  return {
    now: () => clock.now() + (lead?.leastMs ?? 0),
    latest: () => clock.now() + (lead?.mostMs ?? 0),
    observe: ({ dateMs, askedAtMs }) => {
      const arrivedAtMs = clock.now();
      const shown = {
        leastMs: dateMs - arrivedAtMs,
        // Not asked later than it arrived, whatever a step of our clock in between makes of it.
        mostMs: dateMs + DATE_PRECISION_MS - Math.min(askedAtMs, arrivedAtMs),
      };
      const leastMs = Math.max(lead?.leastMs ?? shown.leastMs, shown.leastMs);
      const mostMs = Math.min(lead?.mostMs ?? shown.mostMs, shown.mostMs);
      lead = leastMs <= mostMs ? { leastMs, mostMs } : shown;
    },
  };
}
