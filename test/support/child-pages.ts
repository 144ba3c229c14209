import type { Position } from '../../src/model/position.ts';
import type { UnitId } from '../../src/model/unit.ts';
import type { DynamoItem } from './dynamo-item.ts';
import { behind } from './table-loader.ts';

/** Pages of each unit that a killed process loads. */
export const PAGES_OF_CHILD = 12;

export function childPage(unit: UnitId, page: number): readonly DynamoItem[] {
  return Array.from({ length: 20 }, (_, row) => ({
    id: { S: `${unit} ${page} ${row}` },
    page: { N: String(page / 2) },
    text: { S: 'x'.repeat(1000) },
  }));
}

/** The bookmark of a unit of which so many pages are durable. */
export function childPosition(pages: number): Position {
  if (pages === 0) return 'start';
  return pages === PAGES_OF_CHILD ? 'end' : behind(pages);
}
