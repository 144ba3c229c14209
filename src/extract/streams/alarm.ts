import type { Clock } from '../../platform/clock.ts';

/** Lets one loop sleep until a time, or until somebody rings. */
export interface Alarm {
  /** Ends the present `wait`, or the next one at once. */
  ring(): void;
  /** Resolves at `untilMs` (Infinity: never by itself) or at a ring; rejects with the reason of the signal. */
  wait(untilMs: number, signal: AbortSignal): Promise<void>;
}

export function createAlarm(clock: Clock): Alarm {
  let isRung = false;
  let wake = (): void => {};
  return {
    ring() {
      isRung = true;
      wake();
    },
    async wait(untilMs, signal) {
      signal.throwIfAborted();
      const sleep = new AbortController();
      let onAbort = (): void => {};
      try {
        await new Promise<void>((resolve, reject) => {
          onAbort = () => reject(signal.reason);
          wake = resolve;
          if (isRung) resolve();
          signal.addEventListener('abort', onAbort, { once: true });
          if (isRung || untilMs === Number.POSITIVE_INFINITY) return;
          // A sleep that is called off rejects, when nobody listens any more.
          clock.sleep(Math.max(0, untilMs - clock.now()), sleep.signal).then(resolve, reject);
        });
      } finally {
        isRung = false;
        wake = () => {};
        sleep.abort();
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}
