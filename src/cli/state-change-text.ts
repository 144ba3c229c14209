import type { StateChange } from '../operations/state-change.ts';
import { plural } from '../platform/format.ts';

/** What a change of bookmarks does to rows, for the question before it. */
export function changeText({ backCount, followingCount, forwardCount, forwardSegmentCount }: StateChange): string {
  const parts: string[] = [];
  if (backCount > 0) {
    const those = followingCount === 0 ? '' : ` (${followingCount} of them because they come after one that goes back)`;
    parts.push(
      `${plural(backCount, 'shard')} ${backCount === 1 ? 'goes' : 'go'} back${those}: their changes are applied again, and ` +
        'readers may see older values until the next run has caught up.',
    );
  }
  const forwardShardCount = forwardCount - forwardSegmentCount;
  if (forwardShardCount > 0) {
    parts.push(
      `${plural(forwardShardCount, 'shard')} ${forward(forwardShardCount)}: changes in between are never loaded.`,
    );
  }
  if (forwardSegmentCount > 0) {
    parts.push(
      `${plural(forwardSegmentCount, 'segment')} ${forward(forwardSegmentCount)}: rows in between are never loaded.`,
    );
  }
  parts.push('A run that is on its way ends with FENCED; start it again afterwards.');
  return parts.join(' ');
}

function forward(count: number): string {
  return count === 1 ? 'goes forward' : 'go forward';
}
