import { describe, expect, test } from 'vitest';
import { writePage } from '../../test/support/item-arbitrary.ts';
import { Members } from '../../test/support/oracle.ts';
import type { DocumentPath, ParsedProjection } from '../model/projection.ts';
import type { TapePage } from '../model/tape.ts';
import { type AttributeDictionary, createAttributeDictionary } from './attribute-names.ts';
import { jsonLinesOf } from './json-lines.ts';
import { transcodeRecordsPage } from './records-page.ts';
import { transcodeScanPage } from './scan-page.ts';

const STYLES = (['least', 'ascii', 'mixed'] as const).map(
  (escapes, seed) => ({ spaces: 'some', escapes, seed }) as const,
);

test('key attributes are numbered first, the others as they come', () => {
  const names = createAttributeDictionary(['customer', 'order']);
  transcodeScanPage(Buffer.from('{"Items":[{"x":{"N":"1"},"order":{"N":"2"},"customer":{"S":"c"}}],"Count":1}'), names);
  expect(Array.from({ length: names.size }, (_, id) => names.name(id))).toEqual(['customer', 'order', 'x']);
  expect([names.idOf('x'), names.idOf('y')]).toEqual([2, undefined]);
});

test('thousands of names of every kind keep their ids, however they are escaped', () => {
  const odd = [
    '',
    '__proto__',
    'constructor',
    'a"b',
    'back\\slash',
    'line\nbreak',
    '\ud800',
    '\ufffd',
    '😀',
    'é',
    'z'.repeat(300),
  ];
  const all = [...odd, ...Array.from({ length: 5000 }, (_, n) => `attribute_${n}`)];
  const item = new Members(all.map((name, n) => [name, new Members([['N', String(n)]])]));
  const names = createAttributeDictionary([]);
  const lines = STYLES.map((style) =>
    jsonLinesOf(transcodeScanPage(Buffer.from(writePage([item, item], style)), names).page).toString(),
  );
  expect(names.size).toBe(all.length);
  expect(all.map((name) => names.idOf(name))).toEqual(all.map((_, n) => n));
  expect(new Set(lines).size).toBe(1);
});

test('a name that spells the beginning of another attribute is not taken for it', () => {
  const item = (name: string, text: string): Members => new Members([[name, new Members([['S', text]])]]);
  const items = [item('a', 'x'), item('a":{"S":"', 'y'), item('a', ''), item('aa', 'z'), item('a', '":{"S":"')];
  const { page } = transcodeScanPage(
    Buffer.from(writePage(items, { spaces: 'none', escapes: 'least', seed: 0 })),
    createAttributeDictionary([]),
  );
  expect(jsonLinesOf(page).toString()).toBe(
    '{"a":"x"}\n{"a\\":{\\"S\\":\\"":"y"}\n{"a":""}\n{"aa":"z"}\n{"a":"\\":{\\"S\\":\\""}\n',
  );
});

test('dictionaries of two tables do not see each other', () => {
  const body = (first: string): Buffer => Buffer.from(`{"Items":[{"${first}":{"S":"1"},"b":{"S":"2"}}],"Count":1}`);
  const [left, right] = [createAttributeDictionary(['a']), createAttributeDictionary(['x', 'y'])];
  for (let turn = 0; turn < 3; turn++) {
    expect(transcodeScanPage(body('a'), left).page.attributes.name(1)).toBe('b');
    expect(transcodeScanPage(body('x'), right).page.attributes.name(2)).toBe('b');
  }
  expect([left.size, right.size]).toEqual([2, 3]);
});

describe('the attributes of global tables', () => {
  const one =
    '{"aws:rep:updateregion":{"S":"eu-west-1"},"pk":{"S":"a"},"aws:rep:deleting":{"BOOL":true},' +
    '"aws:rep:updatetime":{"N":"1558044431.9"},"n":{"M":{"aws:rep:deleting":{"N":"1"}}},"aws:rep:others":{"N":"1"}}';
  const escaped = one.replace('"aws:rep:deleting":{"BOOL"', '"aws:rep:deletin\\u0067":{"BOOL"');
  const items = [one, escaped, one, '{"aws:rep:deleting":{"BOOL":false},"pk":{"S":"b"}}'];
  const scanBody = Buffer.from(`{"Items":[${items.join(',')}],"Count":4}`);
  const changes = items.map(
    (item, n) =>
      `{"eventName":"INSERT","dynamodb":{"NewImage":${item},"SequenceNumber":"${n}","ApproximateCreationDateTime":0}}`,
  );
  const recordsBody = Buffer.from(`{"Records":[${changes.join(',')}]}`);
  const projection = {
    expression: '',
    attributeNames: {},
    paths: ['pk', 'n', 'aws:rep:deleting', 'aws:rep:others'].map((attribute): DocumentPath => [{ attribute }]),
  };
  const records = (names: AttributeDictionary, wanted: ParsedProjection | null): TapePage =>
    transcodeRecordsPage(recordsBody, { names, projection: wanted, deletedImage: 'key', ttlDeletes: 'replicate' }).page;
  const pages: readonly [string, (names: AttributeDictionary) => TapePage][] = [
    ['Scan', (names) => transcodeScanPage(scanBody, names).page],
    ['GetRecords', (names) => records(names, null)],
    ['GetRecords under a projection', (names) => records(names, projection)],
  ];

  test.each(pages)('are left out of a page of %s on request, at the top level only', (_, pageOf) => {
    const names = createAttributeDictionary(['pk'], { dropGlobalTableAttributes: true });
    const page = pageOf(names);
    const line = '{"pk":"a","n":{"aws:rep:deleting":1},"aws:rep:others":1}\n';
    expect(jsonLinesOf(page).toString()).toBe(`${line}${line}${line}{"pk":"b"}\n`);
    expect(Array.from({ length: names.size }, (_, id) => names.name(id))).toEqual(['pk', 'n', 'aws:rep:others']);
    expect(page.observed.map((seen) => seen?.presentCount)).toEqual([4, 3, 3]);
  });

  test('stay where nobody asks for that, or where one is a key', () => {
    const kept = createAttributeDictionary(['pk']);
    const key = createAttributeDictionary(['aws:rep:deleting'], { dropGlobalTableAttributes: true });
    const body = (): Buffer => Buffer.from('{"Items":[{"aws:rep:deleting":{"S":"x"},"pk":{"S":"a"}}],"Count":1}');
    for (const names of [kept, key]) {
      const { page } = transcodeScanPage(body(), names);
      expect(jsonLinesOf(page).toString()).toBe('{"aws:rep:deleting":"x","pk":"a"}\n');
    }
  });
});

test('more names than the tape can number are refused', () => {
  const names = createAttributeDictionary(Array.from({ length: 0xffff }, (_, n) => `n${n}`));
  expect(() => names.idOfText('one more')).toThrow(/more than 65535 attribute names/);
});
