import { TributaryError } from '../platform/errors.ts';
import type { LoadTarget } from './destination.ts';

/** Says what of the table another process has. */
export function fenced({ source, table }: LoadTarget, what: string): TributaryError {
  return new TributaryError('FENCED', `Another process has taken over ${what} of ${source}.${table}`, {
    context: { source, table },
  });
}
