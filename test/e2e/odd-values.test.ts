import { describe, expect, test } from 'vitest';
import { withDuckDb } from '../support/duckdb-live-rows.ts';
import type { DynamoItem, DynamoValue } from '../support/dynamo-item.ts';
import { item } from '../support/load-samples.ts';
import { DESTINATIONS, openShop } from './troubled-shop.ts';

/** Names that are a path, a property of every object, a word of SQL, no letter, or too long for a column. */
const ODD_NAMES = [
  ...[
    'a.b',
    'a b',
    '__proto__',
    'constructor',
    'toString',
    'SELECT',
    'select',
    'order',
    '🦜',
    "it's",
    'say "hi"',
    '$',
    '.',
  ],
  ...['camelCase', 'camel_case', 'id ', 'rowid', '_sdc_sequence', 'x'.repeat(300), `${'x'.repeat(299)}y`],
];

const NUMBERS = [
  ...['0', '-1', '99999999999999999999999999999999999999', '-99999999999999999999999999999999999999'],
  ...['0.00000000000000000000000000000000000001', '1234567890123456789.0123456789012345678'],
  ...['1E+125', '-1E+125', '9.9999999999999999999999999999999999999E+125', '1E-130', '-1E-130', '9007199254740993'],
];

const TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\u2028\r\n\t',
  'é',
  'e\u0301',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '"\\/',
  'NULL',
  '1E5',
];

const VALUES: readonly DynamoValue[] = [
  ...TEXTS.map((text) => ({ S: text })),
  ...NUMBERS.map((number) => ({ N: number })),
  { B: '' },
  { B: 'AP8A' },
  { BOOL: true },
  { NULL: true },
  { L: [] },
  { M: {} },
  { M: Object.fromEntries(ODD_NAMES.map((name) => [name, { L: [{ S: name }, { N: '1E-130' }, { NULL: true }] }])) },
  { SS: TEXTS.filter((text) => text !== '') },
  { NS: NUMBERS },
  { BS: ['AA==', '/w==', 'AP8A'] },
];

const ITEMS: readonly DynamoItem[] = [
  ...ODD_NAMES.map((name, at) => item(`name ${at}`, [[name, { S: `under ${at}` }]])),
  item(
    'all names',
    ODD_NAMES.map((name, at) => [name, { S: `together ${at}` }]),
  ),
  ...TEXTS.map((text, at) => item(`text ${at}`, [['text', { S: text }]])),
  ...NUMBERS.map((number, at) => item(`number ${at}`, [['number', { N: number }]])),
  // One column each: what a number alone makes of its column.
  item(
    'alone',
    NUMBERS.map((number, at) => [`number${at}`, { N: number }]),
  ),
  ...VALUES.map((value, at) => item(`value ${at}`, [['mixed', value]])),
  item('\u0000key\u0000', [['text', { S: 'under a key with zeros' }]]),
  // DynamoDB counts names and values: 400 KB at most.
  item('large text', [['text', { S: 'é'.repeat(204_700) }]]),
  item('large list', [['large', { L: Array.from({ length: 20_000 }, (_, at) => ({ N: String(at) })) }]]),
];

describe.each(DESTINATIONS)('%s', (destination) => {
  test('odd names, extreme numbers, odd texts and items of 400 KB arrive exactly, twice', async () => {
    await using shop = await openShop({ destination, items: ITEMS });
    await shop.sync();
    await shop.expectLive(ITEMS);
    await shop.sync();
    await shop.expectLive(ITEMS);
  });

  test('attributes that change their type between runs arrive exactly each time', async () => {
    const revision = (of: (number: number) => DynamoValue): readonly DynamoItem[] =>
      Array.from({ length: 30 }, (_, number) => item(`k${number}`, [['changing', of(number)]]));
    const revisions = [
      revision((number) => ({ N: String(number) })),
      revision((number) => ({ N: `${number}.25` })),
      revision((number) => ({ S: `text ${number}` })),
      revision((number) => VALUES[number % VALUES.length] ?? { NULL: true }),
      revision((number) => ({ N: String(number) })),
    ];
    await using shop = await openShop({ destination, items: [] });
    for (const items of revisions) {
      shop.restock(items);
      await shop.sync();
      await shop.expectLive(items);
    }
  });

  test('3,000 attributes of one table become 3,000 columns', async () => {
    const items = Array.from({ length: 100 }, (_, number) =>
      item(
        `k${number}`,
        Array.from({ length: 30 }, (_, at) => {
          const value = at % 2 === 0 ? { S: `${number}` } : { N: `${number}.5` };
          return [`attribute${number * 30 + at}`, value] as const;
        }),
      ),
    );
    await using shop = await openShop({ destination, items });
    await shop.sync();
    await shop.expectLive(items);
    expect((await shop.read('orders'))?.columns).toHaveLength(3_001);
  });
});

describe('halves of surrogate pairs, which UTF-8 does not have', () => {
  const items = [
    item('low', [['text', { S: 'a\udc00b' }]]),
    item('high', [['text', { S: '\ud83e' }]]),
    item('inside', [['map', { M: { deep: { S: '\ud800' } } }]]),
    item('whole', [['text', { S: '\u{1f99c}' }]]),
  ];

  test('are in files as they are', async () => {
    await using shop = await openShop({ destination: 'files', items });
    await shop.sync();
    await shop.expectLive(items);
  });

  test('are in DuckDB U+FFFD, and what was there is kept beside', async () => {
    await using shop = await openShop({ items });
    await shop.sync();
    const rows = await withDuckDb(shop.place, (query) =>
      query('SELECT id, text, CAST(map AS VARCHAR), CAST(_sdc_rescued AS VARCHAR) FROM shop.orders ORDER BY id', []),
    );
    // Each rescued value is JSON text of its own, because JSON of DuckDB is UTF-8 too.
    const rescued = (attribute: string, value: unknown): string =>
      JSON.stringify({ [attribute]: JSON.stringify(value) });
    expect(rows).toEqual([
      ['high', '\ufffd', null, rescued('text', '\ud83e')],
      ['inside', null, '{"deep":"\ufffd"}', rescued('map', { deep: '\ud800' })],
      ['low', 'a\ufffdb', null, rescued('text', 'a\udc00b')],
      ['whole', '\u{1f99c}', null, null],
    ]);
  });
});
