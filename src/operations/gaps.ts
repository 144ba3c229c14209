import type { Destination } from '../load/destination.ts';
import type { Gap } from '../model/gap.ts';

/** All gaps of a source, those that are not resolved first, then the latest first. Reads only. */
export async function gaps(source: string, destination: Destination): Promise<readonly Gap[]> {
  const stored = await destination.runStore.readGaps(source);
  const isResolved = ({ resolvedAtMs }: Gap): number => (resolvedAtMs === null ? 0 : 1);
  return stored.toSorted((a, b) => isResolved(a) - isResolved(b) || b.detectedAtMs - a.detectedAtMs);
}
