import type { Clock } from '../../platform/clock.ts';

/** Limit of the first page of a table whose item size is not known yet: at most 400 KB each, mostly far less. */
const FIRST_LIMIT = 100;
/** After a throttle the rate is halved; each second without one gives back a twentieth of what was left. */
const DECREASE = 0.5;
const INCREASE_PER_S = 0.05;
/** Throttles never slow a table down below this. */
const MIN_UNITS_PER_S = 1;
/** How much history the measured consumption covers: long enough to hold several pages of a slow table. */
const MEASURE_WINDOW_MS = 10_000;

export interface CapacityPermit {
  /** The `Limit` to send; null asks for a full 1 MB page. */
  readonly limit: number | null;
  /** Says what the request cost by ConsumedCapacity and how many items it evaluated; zeros when it failed. Call once. */
  settle(cost: { readonly capacityUnits: number; readonly items: number }): void;
}

export interface CapacityBudget {
  /** Resolves when the next request may be sent. */
  acquire(signal: AbortSignal): Promise<CapacityPermit>;
  /** Says that DynamoDB refused a request for lack of capacity. */
  throttled(): void;
  /** Read capacity units a second that are allowed now; null while nothing limits. */
  readonly unitsPerSecond: number | null;
}

/**
 * A token bucket of read capacity units, one a table, shared by its segments. It holds at most one second of the budget
 * and may go negative: the next request waits until the debt is paid. The `Limit` is sized from the measured cost of an
 * item, so that one page costs at most one second of the budget and a small table is never hit by a whole 1 MB page (128
 * units) at once. Throttles halve the rate, also where no budget is configured (then from the rate that was measured);
 * it recovers step by step (AIMD).
 */
export function createCapacityBudget(options: {
  readonly clock: Clock;
  readonly maxUnitsPerSecond: number | null;
}): CapacityBudget {
  const { clock } = options;
  const ceiling = options.maxUnitsPerSecond ?? Number.POSITIVE_INFINITY;
  const consumption = createConsumption(clock);
  let rate = ceiling;
  let recoveryPerS = 0;
  let tokens = options.maxUnitsPerSecond ?? 0;
  let refilledAtMs = clock.now();
  let unitsPerItem: number | null = null;

  const limited = (): boolean => rate !== Number.POSITIVE_INFINITY;
  const refill = (): void => {
    const now = clock.now();
    // A clock that jumped back grants nothing; one that jumped ahead grants one full bucket at most.
    const elapsedS = Math.max(0, now - refilledAtMs) / 1000;
    refilledAtMs = now;
    if (!limited()) return;
    rate = Math.min(ceiling, rate + recoveryPerS * elapsedS);
    tokens = Math.min(rate, tokens + rate * elapsedS);
  };

  return {
    async acquire(signal) {
      signal.throwIfAborted();
      for (refill(); limited() && tokens <= 0; refill()) {
        await clock.sleep(Math.max(1, Math.ceil((-tokens / rate) * 1000)), signal);
      }
      const limit = !limited()
        ? null
        : unitsPerItem === null
          ? FIRST_LIMIT
          : Math.max(1, Math.floor(rate / unitsPerItem));
      // Taken in advance, so that segments which ask together do not all see the same full bucket.
      const prepaid = limit === null || unitsPerItem === null ? 0 : limit * unitsPerItem;
      tokens -= prepaid;
      return {
        limit,
        settle: ({ capacityUnits, items }) => {
          refill();
          tokens += prepaid - capacityUnits;
          consumption.add(capacityUnits);
          if (items === 0) return;
          const measured = capacityUnits / items;
          unitsPerItem = unitsPerItem === null ? measured : unitsPerItem * 0.7 + measured * 0.3;
        },
      };
    },
    throttled() {
      refill();
      const current = limited() ? rate : consumption.unitsPerSecond();
      rate = Math.min(ceiling, Math.max(MIN_UNITS_PER_S, current * DECREASE));
      recoveryPerS = rate * INCREASE_PER_S;
      tokens = Math.min(tokens, 0);
    },
    get unitsPerSecond() {
      return limited() ? rate : null;
    },
  };
}

/** Units a second over the last window. */
function createConsumption(clock: Clock): { add(units: number): void; unitsPerSecond(): number } {
  const spent: { readonly atMs: number; readonly units: number }[] = [];
  return {
    add(units) {
      spent.push({ atMs: clock.now(), units });
      while (spent[0] && spent[0].atMs < clock.now() - MEASURE_WINDOW_MS) spent.shift();
    },
    unitsPerSecond() {
      const first = spent[0];
      if (!first) return 0;
      const units = spent.reduce((sum, entry) => sum + entry.units, 0);
      return (units / Math.max(1000, clock.now() - first.atMs)) * 1000;
    },
  };
}
