import { describe, expect, test } from 'vitest';
import type { Position } from '../model/position.ts';
import { streamAge } from './time-to-loss.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 5, 1);

/** A shard that is verified through so many hours ago. */
function shard(hoursAgo: number, position: Position = 'after 7') {
  const verifiedThroughMs = NOW_MS - hoursAgo * HOUR_MS;
  return { position, shard: { parent: null, lane: 0, firstListedAtMs: 0, sequence: 1n, verifiedThroughMs } };
}
const segment = { position: 'start', shard: null } as const;

describe('streamAge', () => {
  test('the shard that was verified longest ago decides, however quiet it is', () => {
    expect(streamAge([shard(1), shard(20), shard(3)], NOW_MS)).toEqual({
      lagMs: 20 * HOUR_MS,
      timeToLossMs: 4 * HOUR_MS,
    });
  });

  test('a shard that is not read yet counts with what it has from its parent', () => {
    expect(streamAge([shard(1), shard(13, 'at 5')], NOW_MS)?.timeToLossMs).toBe(11 * HOUR_MS);
    expect(streamAge([shard(1), shard(13, 'start')], NOW_MS)?.timeToLossMs).toBe(11 * HOUR_MS);
  });

  test('nothing is said where a person has put a bookmark at a number of any age', () => {
    expect(streamAge([shard(1), shard(NOW_MS / HOUR_MS)], NOW_MS)).toBeNull();
  });

  test('finished shards owe nothing', () => {
    expect(streamAge([shard(30, 'end'), shard(2)], NOW_MS)?.lagMs).toBe(2 * HOUR_MS);
  });

  test('while all shards are finished and no child is found, the last end decides', () => {
    expect(streamAge([shard(30, 'end'), shard(6, 'end'), shard(8, 'end')], NOW_MS)?.lagMs).toBe(6 * HOUR_MS);
  });

  test('what may have been trimmed already has less than no time', () => {
    expect(streamAge([shard(25)], NOW_MS)?.timeToLossMs).toBe(-HOUR_MS);
  });

  test('segments have no age, and without shards there is none', () => {
    expect(streamAge([segment, shard(1)], NOW_MS)?.lagMs).toBe(HOUR_MS);
    expect(streamAge([segment], NOW_MS)).toBeNull();
    expect(streamAge([], NOW_MS)).toBeNull();
  });
});
