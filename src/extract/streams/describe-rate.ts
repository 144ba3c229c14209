import { orAbort } from '../../platform/abort.ts';
import type { Clock } from '../../platform/clock.ts';

/** DescribeStream calls of all tables of a source, one after the other. */
export interface DescribeRate {
  /** Resolves when the next call may be sent; rejects with the reason of the signal. */
  acquire(signal: AbortSignal): Promise<void>;
}

/** 8 calls a second: AWS takes 10 of an account (API Reference, DescribeStream), and others may call, too. */
const CALL_INTERVAL_MS = 125;

export function createDescribeRate(clock: Clock): DescribeRate {
  let lastTurn: Promise<void> = Promise.resolve();
  let lastGrantMs = Number.NEGATIVE_INFINITY;
  return {
    async acquire(signal) {
      const before = lastTurn;
      let endTurn = (): void => {};
      lastTurn = new Promise((resolve) => {
        endTurn = resolve;
      });
      try {
        await orAbort(before, signal);
        // Never longer than one interval, wherever the clock has been set to meanwhile.
        const waitMs = Math.min(lastGrantMs + CALL_INTERVAL_MS - clock.now(), CALL_INTERVAL_MS);
        if (waitMs > 0) await clock.sleep(waitMs, signal);
        lastGrantMs = clock.now();
      } finally {
        // Whoever leaves before its turn must not let the next one overtake those before.
        void before.then(endTurn);
      }
    },
  };
}
