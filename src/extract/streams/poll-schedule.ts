import type { Clock } from '../../platform/clock.ts';
import { createAlarm } from './alarm.ts';
import { createDueQueue } from './due-queue.ts';

/** Polls items by due time: whoever has waited longest comes first, so busy items never starve idle ones. */
export interface PollSchedule<Item> {
  /** Makes an item due now, new or not. One that is being polled is polled again right after. */
  add(item: Item): void;
  /** Polls until the signal aborts, then rejects with its reason when no poll is under way any more. */
  run(signal: AbortSignal): Promise<never>;
}

export function createPollSchedule<Item>(options: {
  readonly clock: Clock;
  /** Polls under way at once; never two of one item. */
  readonly concurrency: number;
  /** Resolves to the milliseconds until the item is due again, or to null when it is done with. Never rejects. */
  readonly poll: (item: Item) => Promise<number | null>;
}): PollSchedule<Item> {
  const { clock, concurrency, poll } = options;
  const queue = createDueQueue<Item>();
  const alarm = createAlarm(clock);
  const underWay = new Set<Item>();
  const polls = new Set<Promise<void>>();
  const again = new Set<Item>();

  const pollOnce = async (item: Item): Promise<void> => {
    const delayMs = await poll(item);
    underWay.delete(item);
    const isAgain = again.delete(item);
    if (delayMs !== null) queue.set(item, clock.now() + (isAgain ? 0 : delayMs));
    alarm.ring();
  };

  const start = (item: Item): void => {
    underWay.add(item);
    const polling = pollOnce(item).finally(() => polls.delete(polling));
    polls.add(polling);
  };

  return {
    add(item) {
      if (underWay.has(item)) again.add(item);
      else queue.set(item, clock.now());
      alarm.ring();
    },
    async run(signal) {
      try {
        for (;;) {
          signal.throwIfAborted();
          for (let item = nextItem(); item !== null; item = nextItem()) start(item);
          const isFull = underWay.size >= concurrency;
          await alarm.wait(isFull ? Number.POSITIVE_INFINITY : queue.nextDueMs(), signal);
        }
      } finally {
        await Promise.all(polls);
      }
    },
  };

  function nextItem(): Item | null {
    return underWay.size < concurrency ? queue.take(clock.now()) : null;
  }
}
