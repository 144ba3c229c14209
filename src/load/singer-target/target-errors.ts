import { TributaryError } from '../../platform/errors.ts';
import { formatDuration } from '../../platform/format.ts';

/* How a target ends, and what goes wrong with it, in words. `name` is that of its executable. */

export interface TargetExit {
  /** Null where a signal has ended it. */
  readonly code: number | null;
  readonly signal: string | null;
}

/** `said` are its last words. */
export function exitError(name: string, { code, signal }: TargetExit, said: string | null): TributaryError {
  // A signal comes from outside: what it was about to do then is no reason.
  const how = signal === null ? `with exit code ${code}${said === null ? '' : `: ${said}`}` : `by ${signal}`;
  // What shells answer for a command that is not there, or cannot be executed.
  const isMissing = code === 127 || code === 126;
  const message = code === 0 ? `${name} has ended before its input had ended` : `${name} has ended ${how}`;
  return new TributaryError(isMissing ? 'TARGET_UNUSABLE' : 'TARGET_FAILED', message, {
    ...(isMissing && { hint: 'Correct the command of the destination: it was not found, or may not be executed.' }),
    context: { target: name, exit: signal ?? code ?? '' },
  });
}

/** It ends with an error whatever it is given. */
export function refusalError(name: string, { code }: TargetExit, said: string | null): TributaryError {
  const message = `${name} has ended with exit code ${code}, also without any row${said === null ? '' : `: ${said}`}`;
  return new TributaryError('TARGET_REFUSES', message, { context: { target: name, exit: code ?? '' } });
}

export function unconfirmedError(name: string, stream: string): TributaryError {
  return new TributaryError('TARGET_FAILED', `${name} has ended without confirming the last rows of ${stream}`, {
    hint:
      'Use a target that writes the STATE that it has loaded to its output, as the Singer specification asks; what it has ' +
      'confirmed is kept.',
    context: { target: name, stream },
  });
}

export function boastError(name: string, stream: string, mark: number): TributaryError {
  return new TributaryError('TARGET_FAILED', `${name} has confirmed what it was not given: mark ${mark} of ${stream}`, {
    hint: 'Use another target: what this one has confirmed is not to be relied on.',
    context: { target: name, stream, mark },
  });
}

export function lingerError(name: string, exitTimeoutMs: number): TributaryError {
  const message = `${name} has not ended ${formatDuration(exitTimeoutMs)} after the end of its input`;
  return new TributaryError('TARGET_HUNG', message, {
    hint:
      'Look at what the target waits for, or wait longer with `exit_timeout`; the next run goes on from what it has ' +
      'confirmed.',
    context: { target: name },
  });
}

export function stallError(name: string, stallMs: number): TributaryError {
  const message = `${name} has taken nothing of its input for ${formatDuration(stallMs)}`;
  return new TributaryError('TARGET_HUNG', message, {
    hint:
      'Look at what the target waits for, or wait longer with `echo_timeout`; the next run goes on from what it has ' +
      'confirmed.',
    context: { target: name },
  });
}
