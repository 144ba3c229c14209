import { ByteBudget } from './byte-budget.ts';

/** A number of places that are taken and given back, first come, first served. */
export interface Slots {
  /** Resolves to what gives the place back; rejects with the reason of the signal. */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  const budget = new ByteBudget(count);
  return {
    async take(signal) {
      await budget.acquire(1, signal);
      return () => budget.release(1);
    },
  };
}
