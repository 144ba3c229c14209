import type { Clock } from '../platform/clock.ts';

export interface ManualClock extends Clock {
  /** Moves time forward and wakes, in order of their time, the sleepers that are due. */
  advance(ms: number): void;
  /** Resolves when at least `count` callers sleep, so that a test advances only when there is somebody to wake. */
  sleepers(count: number): Promise<void>;
}

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test turns it. */
export function createManualClock(startMs: number = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = startMs;
  const sleeping: Sleeper[] = [];
  const watchers: { readonly count: number; readonly resolve: () => void }[] = [];

  const notifyWatchers = (): void => {
    for (const watcher of watchers.filter(({ count }) => sleeping.length >= count)) {
      watchers.splice(watchers.indexOf(watcher), 1);
      watcher.resolve();
    }
  };

  return {
    now: () => nowMs,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          sleeping.splice(sleeping.indexOf(sleeper), 1);
          signal.removeEventListener('abort', onAbort);
        };
        const onAbort = (): void => {
          leave();
          reject(signal.reason);
        };
        const sleeper: Sleeper = {
          wakeAtMs: nowMs + ms,
          wake: () => {
            leave();
            resolve();
          },
        };
        sleeping.push(sleeper);
        signal.addEventListener('abort', onAbort, { once: true });
        notifyWatchers();
      });
    },
    advance: (ms) => {
      nowMs += ms;
      const due = sleeping.filter(({ wakeAtMs }) => wakeAtMs <= nowMs).sort((a, b) => a.wakeAtMs - b.wakeAtMs);
      for (const sleeper of due) sleeper.wake();
    },
    sleepers: (count) =>
      new Promise((resolve) => {
        watchers.push({ count, resolve });
        notifyWatchers();
      }),
  };
}
