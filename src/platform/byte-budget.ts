interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/**
 * A semaphore counted in bytes: the one bound on memory between a request and the rows being durable. Grants are first
 * come, first served. A request larger than the whole budget is granted when nothing else is held, so that one huge page
 * passes instead of waiting for ever.
 */
export class ByteBudget {
  readonly #capacityBytes: number;
  #heldBytes = 0;
  readonly #waiters: Waiter[] = [];
  readonly #contentionListeners = new Set<() => void>();

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether somebody waits: the moment to make durable what is held. */
  get isContended(): boolean {
    return this.#waiters.length > 0;
  }

  /** Calls `listener` whenever an `acquire` has to wait. Returns what ends that. */
  onContention(listener: () => void): () => void {
    this.#contentionListeners.add(listener);
    return () => this.#contentionListeners.delete(listener);
  }

  /** Resolves when `bytes` are held for the caller; rejects with the reason of the signal, holding nothing. */
  async acquire(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryAcquire(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        reject(signal.reason);
        this.#grantWaiters();
      };
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
      for (const listener of this.#contentionListeners) listener();
    });
  }

  /** Holds `bytes` for the caller where nobody has to wait for them; says whether it does. */
  tryAcquire(bytes: number): boolean {
    if (this.isContended || !this.#fits(bytes)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Changes what the caller holds, for example from an estimate to the measured size. Never waits. */
  adjust(fromBytes: number, toBytes: number): void {
    this.#heldBytes += toBytes - fromBytes;
    this.#grantWaiters();
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#grantWaiters();
  }

  #fits(bytes: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + bytes <= this.#capacityBytes;
  }

  #grantWaiters(): void {
    for (let first = this.#waiters[0]; first && this.#fits(first.bytes); first = this.#waiters[0]) {
      this.#waiters.shift();
      this.#heldBytes += first.bytes;
      first.grant();
    }
  }
}
