import { expect, test } from 'vitest';
import type { StateChange } from '../operations/state-change.ts';
import { changeText } from './state-change-text.ts';

const NOTHING: StateChange = {
  ...{ source: 'shop', table: 'orders', version: 1, base: 1n, units: [] },
  ...{ backCount: 0, followingCount: 0, forwardCount: 0, forwardSegmentCount: 0 },
};
const END = 'A run that is on its way ends with FENCED; start it again afterwards.';

test.each<[string, Partial<StateChange>, string]>([
  ['nothing', {}, END],
  [
    'a shard that goes back',
    { backCount: 1 },
    `1 shard goes back: their changes are applied again, and readers may see older values until the next run has caught up. ${END}`,
  ],
  ['shards that go forward', { forwardCount: 2 }, `2 shards go forward: changes in between are never loaded. ${END}`],
  [
    'a segment that goes forward',
    { forwardCount: 1, forwardSegmentCount: 1 },
    `1 segment goes forward: rows in between are never loaded. ${END}`,
  ],
  [
    'both',
    { forwardCount: 3, forwardSegmentCount: 2 },
    '1 shard goes forward: changes in between are never loaded. ' +
      `2 segments go forward: rows in between are never loaded. ${END}`,
  ],
])('says of %s what it does to rows', (_, change, text) => {
  expect(changeText({ ...NOTHING, ...change })).toBe(text);
});
