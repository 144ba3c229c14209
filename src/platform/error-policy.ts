/** What went wrong, seen from the person or program that must react to it. */
export type ErrorKind = 'transient' | 'user' | 'permission' | 'data' | 'bug' | 'cancelled';

interface ErrorPolicy {
  /** Whether a run that failed with this kind is worth repeating without a change by a person. */
  readonly retryRun: boolean;
  /** Exit code of a command that ends with this kind; documented in docs/reference/errors.md. */
  readonly exitCode: number;
  readonly httpStatus: number;
  readonly level: 'warn' | 'error' | 'info';
}

/** The one table from kind to reaction: exit code, HTTP status, retry and log level are decided here and nowhere else. */
export const ERROR_POLICY = {
  transient: { retryRun: true, exitCode: 5, httpStatus: 503, level: 'warn' },
  user: { retryRun: false, exitCode: 2, httpStatus: 400, level: 'error' },
  permission: { retryRun: false, exitCode: 3, httpStatus: 403, level: 'error' },
  data: { retryRun: false, exitCode: 4, httpStatus: 422, level: 'error' },
  bug: { retryRun: false, exitCode: 70, httpStatus: 500, level: 'error' },
  // 130 is what shells report for a command ended by Ctrl-C.
  cancelled: { retryRun: false, exitCode: 130, httpStatus: 409, level: 'info' },
} as const satisfies Record<ErrorKind, ErrorPolicy>;
