import { expect, test } from 'vitest';
import { compareDeletes, exactDeletes } from './exact-deletes.ts';

const columns = [
  { column: 'id', attribute: 'id', type: { kind: 'bigint' } },
  { column: 'note', attribute: 'Note', type: { kind: 'text' } },
] as const;
const gone = [{ id: { N: '1' } }, { id: { N: '2.0' } }];
const rows = [
  { id: '2', note: null },
  { id: '1', note: null },
];
const compare = (deletedRows: readonly Readonly<Record<string, string | null>>[]) =>
  compareDeletes({ gone, deletedRows, columns, key: ['id'] });

test('finds nothing where every key that is gone is marked once and has nothing else', () => {
  expect(compare(rows)).toEqual(exactDeletes(2));
});

test('finds a delete that never arrived, one of an item that is there, and one that came twice', () => {
  expect(compare(rows.slice(1))).toMatchObject({ missing: ['["2"]'], deletedRows: 1 });
  expect(compare([...rows, { id: '3', note: null }])).toMatchObject({ unexpected: ['["3"]'] });
  expect(compare([...rows, ...rows.slice(1)])).toMatchObject({ duplicated: ['["1"]'], deletedRows: 3 });
});

test('finds a value that outlives its item', () => {
  expect(compare([{ id: '1', note: 'still here' }, ...rows.slice(0, 1)])).toMatchObject({ kept: ['["1"] note'] });
});
