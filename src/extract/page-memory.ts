/**
 * Memory between a request and the rows being durable: taken before the request, given back by whoever made them durable.
 */
export interface PageMemory {
  reserve(bytes: number, signal: AbortSignal): Promise<void>;
  adjust(fromBytes: number, toBytes: number): void;
  release(bytes: number): void;
}
