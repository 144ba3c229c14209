import { TributaryError } from '../platform/errors.ts';

type StopSignal = 'SIGINT' | 'SIGTERM';

/** The part of a process that tells about signals. */
export interface SignalSource {
  on(name: StopSignal, listener: () => void): unknown;
}

interface StopOptions {
  readonly signals: SignalSource;
  /** Said at the first signal: where the command stops and what a second signal does. */
  readonly message: string;
  readonly say: (line: string) => void;
  readonly exit: (code: number) => void;
}

/** 128 + number of the signal, as shells report it. */
const EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Aborts at the first Ctrl-C or SIGTERM, so that work ends at a safe point; the second one ends the process at once. */
export function stopSignal({ signals, message, say, exit }: StopOptions): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    signals.on(name, () => {
      if (controller.signal.aborted) {
        exit(EXIT_CODES[name]);
        return;
      }
      // First: a display that redraws itself is gone when the message comes.
      controller.abort(new TributaryError('CANCELLED', `The command was stopped by ${name}`));
      say(`${message}; press Ctrl-C again to quit at once`);
    });
  }
  return controller.signal;
}
