import { ERROR_POLICY } from '../platform/error-policy.ts';
import type { TributaryError } from '../platform/errors.ts';

/** Exit code of a command that failed; docs/reference/errors.md lists them by kind. */
export function exitCodeOf({ kind }: TributaryError): number {
  return ERROR_POLICY[kind].exitCode;
}
