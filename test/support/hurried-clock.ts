import type { Clock } from '../../src/platform/clock.ts';

export interface HurriedClock extends Clock {
  /** Sets the clock forward; who sleeps does not notice. */
  jump(ms: number): void;
}

/** A clock on which `factor` seconds pass in a second: for days of rolling, trimmed and expired shards in a test. */
export function createHurriedClock(factor: number, startMs = Date.UTC(2026, 5, 1)): HurriedClock {
  const startedAt = performance.now();
  let jumpedMs = 0;
  return {
    now: () => Math.floor(startMs + jumpedMs + (performance.now() - startedAt) * factor),
    jump: (ms) => {
      jumpedMs += ms;
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = (): void => {
          clearTimeout(timer);
          reject(signal.reason);
        };
        const timer = setTimeout(() => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        }, ms / factor);
        signal.addEventListener('abort', onAbort, { once: true });
      }),
  };
}
