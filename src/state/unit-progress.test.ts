import { describe, expect, test } from 'vitest';
import { createUnitProgress } from './unit-progress.ts';

const units = () => [
  { unit: 'segment:0/2', epoch: 3, position: 'start' } as const,
  { unit: 'segment:1/2', epoch: 5, position: 'after {"k":{"S":"m"}}' } as const,
];

describe('createUnitProgress', () => {
  test('several pages of one unit become one move from the durable position', () => {
    const progress = createUnitProgress(units());
    progress.advance('segment:0/2', 'start', 'after 1');
    progress.advance('segment:0/2', 'after 1', 'end');
    expect(progress.moves()).toEqual([{ unit: 'segment:0/2', epoch: 3, from: 'start', to: 'end' }]);
    expect(progress.finishedCount()).toBe(0);
  });

  test('what is handed on while a commit is under way belongs to the next one', () => {
    const progress = createUnitProgress(units());
    progress.advance('segment:0/2', 'start', 'after 1');
    const moves = progress.moves();
    progress.advance('segment:0/2', 'after 1', 'end');
    progress.committed(moves);
    expect(progress.moves()).toEqual([{ unit: 'segment:0/2', epoch: 3, from: 'after 1', to: 'end' }]);
    progress.committed(progress.moves());
    expect(progress.moves()).toEqual([]);
    expect(progress.finishedCount()).toBe(1);
  });

  test('a hole between two pages of a unit is refused', () => {
    const progress = createUnitProgress(units());
    progress.advance('segment:0/2', 'start', 'after 1');
    expect(() => progress.advance('segment:0/2', 'after 2', 'end')).toThrow(/stands elsewhere/);
    expect(() => progress.advance('segment:7/8', 'start', 'end')).toThrow(/not part of the lane/);
  });
});
