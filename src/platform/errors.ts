import { ERROR_CODES, type ErrorCode } from './error-codes.ts';
import type { ErrorKind } from './error-policy.ts';

interface TributaryErrorOptions {
  /** The next action, in one sentence; the fix of the code where the thrower knows nothing sharper. */
  readonly hint?: string;
  /** Ids, names, counts, positions. Never item values: errors end in logs. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
  /** Overrides the kind of the code where the thrower knows better. */
  readonly kind?: ErrorKind;
}

/**
 * The only error type that leaves an adapter. The message says what failed, on what and why, in sentence case and
 * without a final full stop; the hint says what to do next.
 */
export class TributaryError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly hint: string;
  readonly context: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, message: string, options: TributaryErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'TributaryError';
    this.code = code;
    this.kind = options.kind ?? ERROR_CODES[code].kind;
    this.hint = options.hint ?? ERROR_CODES[code].fix;
    this.context = options.context ?? {};
  }
}

/** Anything thrown, as a TributaryError: aborts become CANCELLED, what nobody wrapped becomes BUG with its cause. */
export function toTributaryError(thrown: unknown): TributaryError {
  if (thrown instanceof TributaryError) return thrown;
  if (isAbort(thrown)) return new TributaryError('CANCELLED', 'The run was stopped', { cause: thrown });
  return new TributaryError('BUG', messageOf(thrown), { cause: thrown });
}

/** The text of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a Node system error such as ENOSPC, or undefined. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}
