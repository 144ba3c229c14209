import type { Clock } from '../../platform/clock.ts';

/** Limit of the first page of a table whose item size is not known yet: at most 400 KB each, mostly far less. */
const FIRST_LIMIT = 100;
/** One burst of refusals, of however many requests in flight, is one sign: the rate is halved at most this often. */
const DECREASE = 0.5;
const DECREASE_INTERVAL_MS = 1_000;
/** Each second without a refusal raises the rate by a twentieth: from the least to 2,000 units in under three minutes. */
const RECOVERY_PER_S = 1.05;
/** Refusals never slow a table down below this. */
const MIN_UNITS_PER_S = 1;
/** What is assumed where the first request of all is refused: one full page a second. */
const UNMEASURED_UNITS_PER_S = 128;
/** More than any table is read with: where no budget is configured, a rate that has recovered to this limits nothing. */
const UNLIMITED_FROM_UNITS_PER_S = 100_000;
/** How much history the measured consumption covers: long enough to hold several pages of a slow table. */
const MEASURE_WINDOW_MS = 10_000;
const MEASURE_STEP_MS = 100;

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
 * A token bucket of read capacity units, one a table, shared by its segments. It holds at most one second of the budget;
 * a page that costs more than was known in advance leaves a debt, which the next request waits for. The `Limit` is sized
 * from the measured cost of an item, so that one page costs at most one second of the budget and a small table is never
 * hit by a whole 1 MB page (128 units) at once. Refusals halve the rate, also where no budget is configured (then from
 * the rate that was measured), and it recovers step by step.
 */
export function createCapacityBudget(options: {
  readonly clock: Clock;
  readonly maxUnitsPerSecond: number | null;
}): CapacityBudget {
  const { clock } = options;
  const ceiling = options.maxUnitsPerSecond ?? Number.POSITIVE_INFINITY;
  const consumption = createConsumption(clock);
  let rate = ceiling;
  let tokens = options.maxUnitsPerSecond ?? 0;
  let refilledAtMs = clock.now();
  let decreasedAtMs = Number.NEGATIVE_INFINITY;
  let unitsPerItem: number | null = null;

  const isLimited = (): boolean => rate !== Number.POSITIVE_INFINITY;
  const refill = (): void => {
    const now = clock.now();
    // A clock that jumped back grants nothing; one that jumped ahead grants one full bucket at most.
    const elapsedS = Math.max(0, now - refilledAtMs) / 1000;
    refilledAtMs = now;
    if (!isLimited()) return;
    rate = Math.min(ceiling, rate * RECOVERY_PER_S ** elapsedS);
    if (ceiling === Number.POSITIVE_INFINITY && rate > UNLIMITED_FROM_UNITS_PER_S) rate = ceiling;
    tokens = isLimited() ? Math.min(rate, tokens + rate * elapsedS) : 0;
  };
  const limitNow = (): number | null => {
    if (!isLimited()) return null;
    return unitsPerItem === null ? FIRST_LIMIT : Math.max(1, Math.floor(rate / unitsPerItem));
  };

  return {
    async acquire(signal) {
      signal.throwIfAborted();
      for (refill(); isLimited() && tokens <= 0; refill()) {
        await clock.sleep(Math.max(1, Math.ceil((-tokens / rate) * 1000)), signal);
      }
      const limit = limitNow();
      // Taken in advance, so that segments which ask together do not all see the same full bucket.
      const prepaid = limit === null || unitsPerItem === null ? 0 : limit * unitsPerItem;
      tokens -= prepaid;
      return {
        limit,
        settle: ({ capacityUnits, items }) => {
          refill();
          // A request that was sent while nothing limited is no debt of the limit that came since.
          if (limit !== null && isLimited()) tokens += prepaid - capacityUnits;
          consumption.add(capacityUnits);
          // Endpoints that report no capacity say nothing about the cost of an item.
          if (items === 0 || capacityUnits === 0) return;
          const measured = capacityUnits / items;
          unitsPerItem = unitsPerItem === null ? measured : unitsPerItem * 0.7 + measured * 0.3;
        },
      };
    },
    throttled() {
      refill();
      if (clock.now() - decreasedAtMs < DECREASE_INTERVAL_MS) return;
      decreasedAtMs = clock.now();
      if (!isLimited()) tokens = 0;
      const current = isLimited() ? rate : consumption.unitsPerSecond() || UNMEASURED_UNITS_PER_S;
      rate = Math.min(ceiling, Math.max(MIN_UNITS_PER_S, current * DECREASE));
      tokens = Math.min(tokens, 0);
    },
    get unitsPerSecond() {
      return isLimited() ? rate : null;
    },
  };
}

/** Units a second over the last window. */
function createConsumption(clock: Clock): { add(units: number): void; unitsPerSecond(): number } {
  let spent: { readonly atMs: number; units: number }[] = [];
  return {
    add(units) {
      const now = clock.now();
      const last = spent.at(-1);
      // One entry for many pages: a fast endpoint answers hundreds a second.
      if (last !== undefined && now >= last.atMs && now - last.atMs < MEASURE_STEP_MS) {
        last.units += units;
        return;
      }
      spent.push({ atMs: now, units });
      // Entries of the future are those of a clock that has jumped back since.
      spent = spent.filter(({ atMs }) => atMs <= now && atMs >= now - MEASURE_WINDOW_MS);
    },
    unitsPerSecond() {
      const first = spent[0];
      if (!first) return 0;
      const units = spent.reduce((sum, entry) => sum + entry.units, 0);
      return (units / Math.max(1000, clock.now() - first.atMs)) * 1000;
    },
  };
}
