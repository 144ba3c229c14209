import type { ByteBudget } from '../platform/byte-budget.ts';

/**
 * Memory between a request and the rows being durable: taken before the request, given back by whoever made them durable.
 */
export interface PageMemory {
  reserve(bytes: number, signal: AbortSignal): Promise<void>;
  /** Only where nobody has to wait; says whether it was. */
  tryReserve(bytes: number): boolean;
  adjust(fromBytes: number, toBytes: number): void;
  release(bytes: number): void;
}

/** What readers of pages may do with a budget. */
export function pageMemory(budget: ByteBudget): PageMemory {
  return {
    reserve: (bytes, signal) => budget.acquire(bytes, signal),
    tryReserve: (bytes) => budget.tryAcquire(bytes),
    adjust: (fromBytes, toBytes) => budget.adjust(fromBytes, toBytes),
    release: (bytes) => budget.release(bytes),
  };
}
