import { TributaryError } from '../platform/errors.ts';

type StopSignal = 'SIGINT' | 'SIGTERM';
const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** The part of a process that tells about signals. */
export interface TapSignals {
  once(name: StopSignal, listener: () => void): unknown;
  off(name: StopSignal, listener: () => void): unknown;
}

/**
 * Aborts at the first SIGINT or SIGTERM. From then on nobody listens, so that the second one ends the process as the
 * system does it: an exit of our own would wait for a write that a stuck reader holds up.
 */
export function stopSignal(signals: TapSignals, onStop: (name: StopSignal) => void): AbortSignal {
  const controller = new AbortController();
  const listeners = STOP_SIGNALS.map((name) => {
    const listener = (): void => {
      for (const other of listeners) signals.off(other.name, other.listener);
      onStop(name);
      controller.abort(new TributaryError('CANCELLED', `The tap was stopped by ${name}`));
    };
    return { name, listener };
  });
  for (const { name, listener } of listeners) signals.once(name, listener);
  return controller.signal;
}
