import { describe, expect, test } from 'vitest';
import type { DynamoItem } from './dynamo-item.ts';
import { compareExactly, exact, type FoundColumn, type FoundRow } from './exact.ts';

const columns: readonly FoundColumn[] = [
  { column: 'id', attribute: 'id', type: { kind: 'text' } },
  { column: 'total', attribute: 'total', type: { kind: 'decimal', scale: 2 } },
  { column: 'note', attribute: 'Note', type: { kind: 'json' } },
];
const items: readonly DynamoItem[] = [
  { id: { S: 'a' }, total: { N: '1.5' }, Note: { M: { y: { N: '1' }, x: { NULL: true } } } },
  { id: { S: 'b' }, total: { N: '12345678901234567890123456789012345.25' } },
  { id: { S: 'c' }, total: { NULL: true } },
];
const rows: readonly FoundRow[] = [
  { id: 'c', total: null, note: null },
  { id: 'a', total: '1.50', note: '{"x": null, "y": 1}' },
  { id: 'b', total: '12345678901234567890123456789012345.25', note: null },
];
const compare = (found: readonly FoundRow[], source = items) =>
  compareExactly({ items: source, rows: found, columns, key: ['id'] });

describe('compareExactly', () => {
  test('finds nothing where the contents are equal in another order and another spelling', () => {
    expect(compare(rows)).toEqual(exact(3));
  });

  test('finds a planted loss', () => {
    expect(compare(rows.slice(1))).toMatchObject({ missing: ['["c"]'], destinationRows: 2 });
  });

  test('finds a planted duplicate', () => {
    expect(compare([...rows, ...rows.slice(1, 2)])).toMatchObject({ duplicated: ['["a"]'], destinationRows: 4 });
  });

  test('finds a planted reorder: the values of two keys exchanged', () => {
    const exchanged = rows.map((row) => ({ ...row, id: row['id'] === 'a' ? 'b' : row['id'] === 'b' ? 'a' : 'c' }));
    expect(compare(exchanged).different).toHaveLength(4);
  });

  test('finds one wrong digit at the end of a long number', () => {
    const wrong = rows.map((row) =>
      row['id'] === 'b' ? { ...row, total: '12345678901234567890123456789012345.26' } : row,
    );
    expect(compare(wrong)).toMatchObject({ different: ['["b"] total'] });
  });

  test('finds a row that should not be there and an attribute that has no column', () => {
    expect(compare([...rows, { id: 'd', total: null, note: null }])).toMatchObject({ unexpected: ['["d"]'] });
    const source = [{ ...items[0], extra: { S: 'x' } } as DynamoItem, ...items.slice(1)];
    expect(compare(rows, source)).toMatchObject({ different: ['["a"] attribute extra without a column'] });
  });
});
