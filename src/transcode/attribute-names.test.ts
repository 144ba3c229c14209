import { expect, test } from 'vitest';
import { writePage } from '../../test/support/item-arbitrary.ts';
import { Members } from '../../test/support/oracle.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { jsonLinesOf } from './json-lines.ts';
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

test('more names than the tape can number are refused', () => {
  const names = createAttributeDictionary(Array.from({ length: 0xffff }, (_, n) => `n${n}`));
  expect(() => names.idOfText('one more')).toThrow(/more than 65535 attribute names/);
});
