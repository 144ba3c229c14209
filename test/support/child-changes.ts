import type { Position } from '../../src/model/position.ts';
import type { DynamoItem, DynamoValue } from './dynamo-item.ts';
import { above } from './followed-table.ts';
import { type Change, remove, STREAM, shards, upsert } from './stream-samples.ts';

/** What a killed process loads: a snapshot page by page, and beside it changes of the same keys. */
export const CHILD_TABLE = { stream: STREAM, shards: shards(1), totalSegments: 1 } as const;

/** Commits of either lane. */
export const STEPS_OF_CHILD = 18;

const KEYS = 40;

export function childStep(steps: number): Position {
  if (steps === 0) return 'start';
  return steps === STEPS_OF_CHILD ? 'end' : `after ${steps}`;
}

export function scannedPage(step: number): readonly DynamoItem[] {
  return Array.from({ length: 5 }, (_, row) => itemOf(`k${step * 5 + row}`, { N: '1' }));
}

/** Values change their type on the way, so that the live table is altered, and rewritten. */
export function childChanges(step: number): readonly Change[] {
  const values: readonly DynamoValue[] = [{ N: String(step) }, { N: `${step}.5` }, { S: `text ${step}` }];
  const value = values[Math.floor((step * 3) / STEPS_OF_CHILD)] ?? { NULL: true };
  return Array.from({ length: 6 }, (_, row) => {
    const id = `k${(step * 7 + row * 5) % KEYS}`;
    const sequence = above(step * 6 + row + 1);
    return row === 5 ? remove({ id: { S: id } }, sequence) : upsert(itemOf(id, value), sequence);
  });
}

function itemOf(id: string, v: DynamoValue): DynamoItem {
  return { id: { S: id }, v, text: { S: 'x'.repeat(500) } };
}
