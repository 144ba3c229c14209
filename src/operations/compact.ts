import type { Destination } from '../load/destination.ts';
import { TributaryError } from '../platform/errors.ts';

/** Rewrites a destination without the space that updates and dropped versions have left. */
export async function compact(
  name: string,
  destination: Destination,
  signal: AbortSignal,
): Promise<{ readonly beforeBytes: number; readonly afterBytes: number }> {
  if (destination.compact === undefined) {
    throw new TributaryError('USAGE', `The destination ${name} has nothing to compact`, {
      hint: 'Only destinations of type duckdb are compacted; files are cleaned up by the runs themselves',
    });
  }
  return await destination.compact({ signal });
}
