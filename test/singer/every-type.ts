import type { DynamoItem, DynamoValue } from '../support/dynamo-item.ts';

/** An item of every type that DynamoDB has, with attributes whose type differs from item to item. */
export function everyType(number: number): DynamoItem {
  return {
    text: { S: `text ${number} – "quoted" \\ ${String.fromCodePoint(0x1f300 + number)}\n\t\u0000` },
    integer: { N: String(number - 10) },
    decimal: { N: `${number}.5` },
    long: { N: `1234567890123456789012345678901234${1000 + number}` },
    large: { N: '9.9999999999999999999999999999999999999E+90' },
    small: { N: '-1E-90' },
    binary: { B: Buffer.from([number & 255, 0, 255, 128]).toString('base64') },
    flag: { BOOL: number % 2 === 0 },
    nothing: { NULL: true },
    texts: { SS: ['b', 'a', `t${number}`] },
    numbers: { NS: ['10', '9', '-1.5', `${number}.75`] },
    binaries: { BS: ['AQ==', 'AA==', Buffer.from(`n${number}`).toString('base64')] },
    list: { L: [{ N: '1.10' }, { S: 'x' }, { L: [] }, { M: {} }, { NULL: true }, { BOOL: false }] },
    map: {
      M: {
        'a.b': { N: '1e-7' },
        ['__proto__']: { S: 'kept' },
        SELECT: { BOOL: false },
        deep: { M: { binary: { B: 'AAEC' }, texts: { SS: ['z', 'y'] }, long: { N: '12345678901234567890.5' } } },
      },
    },
    mixed: MIXED[number % MIXED.length] ?? { NULL: true },
    'a.b': { S: 'dotted' },
    'with "quotes"': { S: 'quoted' },
    '🦜': { S: 'emoji' },
    ...(number % 3 === 0 ? { sometimes: { S: 'here' } } : {}),
  };
}

const MIXED: readonly DynamoValue[] = [
  { S: '' },
  { N: '-0' },
  { B: '' },
  { BOOL: true },
  { M: { a: { S: 'b' } } },
  { M: {} },
  { L: [] },
  { SS: ['z'] },
  { NS: ['1'] },
  { BS: ['AA=='] },
  { NULL: true },
];
