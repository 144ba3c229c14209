import type { Clock } from '../platform/clock.ts';

/** AWS's clock, as far as its answers tell. Stream records carry its times, so only it can be compared with them. */
export interface AwsTime {
  /** Takes the Date header of an answer, in milliseconds since the epoch. */
  observe(dateMs: number): void;
  /** Milliseconds since the epoch; never ahead of AWS while our clock runs evenly. Our clock before the first answer. */
  now(): number;
}

/** A Date header has whole seconds: AWS's clock stood between it and a second later. */
const DATE_PRECISION_MS = 1_000;

/**
 * Goes on from the latest answer by our clock, so steps of our clock last until the next answer. It falls only when an
 * answer shows that it was ahead; an answer that was long on its way can do that, too, which errs on the safe side.
 */
export function createAwsTime(clock: Pick<Clock, 'now'>): AwsTime {
  let aheadMs = 0;
  let isObserved = false;
  const now = (): number => clock.now() + aheadMs;
  return {
    now,
    observe: (dateMs) => {
      const leadMs = now() - dateMs;
      // Within the precision of the header the answer says nothing new; taking it would make the time jump back.
      if (isObserved && leadMs >= 0 && leadMs < DATE_PRECISION_MS) return;
      aheadMs = dateMs - clock.now();
      isObserved = true;
    },
  };
}
