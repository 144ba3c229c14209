import type { DynamoItem, DynamoValue } from '../support/dynamo-item.ts';

/**
 * An item of every type that all three targets can hold: target-postgres takes no U+0000, target-duckdb makes NULL of empty
 * texts, rounds numbers inside of lists and maps, and needs a number in every row.
 */
export function targetItem(number: number): DynamoItem {
  return {
    ...targetKey(number),
    text: { S: `text ${number} – "quoted", \\ ${String.fromCodePoint(0x1f300 + number)}\n\t'` },
    decimal: { N: `${number}.25` },
    wide: { N: `1234567890123456789012345678901234${1000 + number}` },
    binary: { B: Buffer.from([number & 255, 0, 255, 128]).toString('base64') },
    flag: { BOOL: number % 2 === 0 },
    nothing: { NULL: true },
    texts: { SS: ['b', 'a', `t${number}`] },
    numbers: { NS: ['10', '9', '-1.5', `${number}.75`] },
    binaries: { BS: ['AQ==', 'AA==', Buffer.from(`n${number}`).toString('base64')] },
    list: { L: [{ N: '1.5' }, { S: 'x' }, { L: [] }, { M: {} }, { NULL: true }, { BOOL: false }] },
    map: { M: { number: { N: '1234.5' }, deep: { M: { texts: { SS: ['z', 'y'] }, flag: { BOOL: true } } } } },
    mixed: MIXED[number % MIXED.length] ?? { NULL: true },
    ...(number % 3 === 0 ? { sometimes: { S: 'here' } } : {}),
  };
}

export function targetKey(number: number): DynamoItem {
  return { tenant: { S: `tenant ${number % 5} ü` }, number: { N: `${number}` } };
}

const MIXED: readonly DynamoValue[] = [
  { S: 'text' },
  { N: '12.5' },
  { B: 'AAE=' },
  { BOOL: true },
  { M: { a: { S: 'b' } } },
  { L: [{ N: '1' }] },
  { SS: ['z', 'y'] },
  { NULL: true },
];
