import { setTimeout as delay } from 'node:timers/promises';

/** Time as a port, so that tests turn it by hand. Never import the global clock in a stage. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms`, or rejects with the reason of the signal. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      // node's timer wraps the reason in an AbortError of its own; callers want the reason that was given.
      signal.throwIfAborted();
      throw error;
    }
  },
};
