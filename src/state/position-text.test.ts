import { describe, expect, test } from 'vitest';
import { parsePosition, parseUnitId } from './position-text.ts';

describe('parseUnitId', () => {
  test.each(['segment:0/1', 'segment:7/8', 'shard:shardId-00000001414576573621-f55eea83'])('takes %s', (text) => {
    expect(parseUnitId(text)).toBe(text);
  });
  test.each(['', 'segment:8/8', 'segment:0/0', 'segment:a/2', 'shard:', 'shard:a b', 'shardId-1'])(
    'refuses %j',
    (text) => {
      expect(() => parseUnitId(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

describe('parsePosition', () => {
  const key = 'after {"id":{"S":"x"},"n":{"N":"12345678901234567890123456789012345678"}}';
  test.each([
    ['shard:a', 'start'],
    ['shard:a', 'end'],
    ['shard:a', 'at 100000000003498069978'],
    ['shard:a', 'after 1'],
    ['segment:0/1', 'start'],
    ['segment:0/1', 'end'],
    ['segment:0/1', key],
  ] as const)('of %s takes %s as it is', (unit, text) => {
    expect(parsePosition(unit, text)).toBe(text);
  });
  test.each([
    ['shard:a', 'latest'],
    ['shard:a', 'after -1'],
    ['shard:a', 'after 1e5'],
    ['shard:a', `after ${'1'.repeat(41)}`],
    ['shard:a', 'at'],
    ['shard:a', key],
    ['segment:0/1', 'at 5'],
    ['segment:0/1', 'after 5'],
    ['segment:0/1', 'after {}'],
    ['segment:0/1', 'after {"id":"x"}'],
    ['segment:0/1', 'after {"id":{"L":[]}}'],
    ['segment:0/1', 'after {"id":{"N":5}}'],
    ['segment:0/1', 'after {"id":{"S":"x"}'],
  ] as const)('of %s refuses %s', (unit, text) => {
    expect(() => parsePosition(unit, text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
