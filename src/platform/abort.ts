/**
 * The outcome of `work`, or the reason of the signal if that comes first: for work that takes no signal of its own. The
 * work goes on behind the caller's back until whoever owns it ends it, so use it only where that is soon.
 */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Whoever has left does not hear of its failure; it must not end the process either.
  work.catch(() => {});
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
