import type { ParsedProjection } from '../model/projection.ts';
import { TributaryError } from '../platform/errors.ts';
import type { TimeToLive } from './catalog.ts';

/**
 * The attribute that tells rows that have expired from those that were deleted, for `ttl_deletes: ignore`. Throws
 * SELECTION_INVALID or ACCESS_DENIED where there is none, or the rows do not have it.
 */
export function expiryAttribute(
  table: string,
  { timeToLive, projection }: { readonly timeToLive: TimeToLive; readonly projection: ParsedProjection | null },
): string {
  const hint =
    'Until then no row is deleted after a gap. `ttl_deletes: replicate` marks expired rows as deleted like others';
  const message = `Which rows of ${table} have expired, and which were deleted, cannot be told`;
  if (timeToLive.state === 'off') {
    throw new TributaryError('SELECTION_INVALID', `${message}: Time to Live is off`, { hint: `Turn it on. ${hint}` });
  }
  if (timeToLive.state !== 'on') {
    const code = timeToLive.state === 'denied' ? 'ACCESS_DENIED' : 'SELECTION_INVALID';
    throw new TributaryError(code, `${message}: ${timeToLive.reason}`, {
      hint: `Allow dynamodb:DescribeTimeToLive. ${hint}`,
    });
  }
  const { attribute } = timeToLive;
  if (projection !== null && !projection.paths.some((path) => path.length === 1 && path[0].attribute === attribute)) {
    throw new TributaryError('SELECTION_INVALID', `${message}: the projection leaves out ${attribute}`, {
      hint: `Add it to the projection. ${hint}`,
    });
  }
  return attribute;
}
