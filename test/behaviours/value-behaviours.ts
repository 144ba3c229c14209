import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import {
  type Behaviour,
  both,
  createTable,
  put,
  rawRequest,
  refusal,
  roundTrip,
  scan,
  simulatorOnly,
} from './behaviour.ts';

const DIGITS_38 = '12345678901234567890123456789012345678';

/** `levels` levels of value: lists around a string. */
function nested(levels: number): AttributeValue {
  return levels === 1 ? { S: 'deep' } : { L: [nested(levels - 1)] };
}

function sorted(texts: readonly string[] | undefined): string[] {
  return [...(texts ?? [])].sort();
}

export const VALUE_BEHAVIOURS: readonly Behaviour[] = [
  both('keeps strings exactly, with NUL, quotes, combining marks and emoji', async (subject) => {
    const text = 'a\u0000"\\\n\u2028é e\u0301 😀';
    expect(await roundTrip(subject, { S: text })).toEqual({ S: text });
  }),
  both('keeps a lone surrogate that is written as an escape', async (subject) => {
    const table = await createTable(subject);
    await rawRequest(subject, 'PutItem', `{"TableName":"${table}","Item":{"pk":{"S":"a"},"v":{"S":"x\\ud83dy"}}}`);
    const { body } = await rawRequest(subject, 'Scan', `{"TableName":"${table}"}`);
    expect(JSON.parse(body.toString()).Items[0].v.S).toBe('x\ud83dy');
  }),
  both('keeps empty strings, binaries, lists and maps', async (subject) => {
    const value = { M: { s: { S: '' }, b: { B: new Uint8Array() }, l: { L: [] }, m: { M: {} } } };
    expect(await roundTrip(subject, value)).toEqual(value);
  }),
  both('keeps binary bytes exactly', async (subject) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect(await roundTrip(subject, { B: bytes })).toEqual({ B: bytes });
  }),
  both('keeps NULL, true and false as themselves', async (subject) => {
    const value = { L: [{ NULL: true }, { BOOL: true }, { BOOL: false }] };
    expect(await roundTrip(subject, value)).toEqual(value);
  }),
  both('tells a NULL attribute from one that is missing', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, { pk: { S: 'a' }, gone: { NULL: true } }, { pk: { S: 'b' } });
    const items = (await scan(subject, table)).Items ?? [];
    expect(items.map((item) => 'gone' in item).sort()).toEqual([false, true]);
  }),
  both('keeps 38 digits exactly', async (subject) => {
    expect(await roundTrip(subject, { N: DIGITS_38 })).toEqual({ N: DIGITS_38 });
  }),
  both('keeps 38 digits exactly behind the decimal point', async (subject) => {
    expect(await roundTrip(subject, { N: `-0.${DIGITS_38}` })).toEqual({ N: `-0.${DIGITS_38}` });
  }),
  both('refuses a number of 39 digits', async (subject) => {
    expect(await refusal(roundTrip(subject, { N: `${DIGITS_38}9` }))).toContain('precision up to 38 digits');
  }),
  both('takes 39 digits where the last are zeros', async (subject) => {
    expect(await roundTrip(subject, { N: `${DIGITS_38}0` })).toEqual({ N: `${DIGITS_38}0` });
  }),
  ...Object.entries({
    '1.10': '1.1',
    '+12.50': '12.5',
    '007': '7',
    '.5': '0.5',
    '5.': '5',
    '100': '100',
    '1e3': '1000',
    '-1.0E-2': '-0.01',
    '-0': '0',
    '0E10': '0',
  }).map(([written, kept]) =>
    both(`keeps the number ${written} as ${kept}`, async (subject) => {
      expect(await roundTrip(subject, { N: written })).toEqual({ N: kept });
    }),
  ),
  simulatorOnly('nested numbers', 'trims the zeros of numbers inside lists and maps too', async (subject) => {
    const nestedNumbers = { L: [{ N: '1.10' }, { M: { n: { N: '-0' } } }, { N: '1E3' }] };
    expect(await roundTrip(subject, nestedNumbers)).toEqual({
      L: [{ N: '1.1' }, { M: { n: { N: '0' } } }, { N: '1000' }],
    });
  }),
  both('writes the largest exponent out in full', async (subject) => {
    expect(await roundTrip(subject, { N: '1E125' })).toEqual({ N: `1${'0'.repeat(125)}` });
  }),
  both('writes the smallest exponent out in full', async (subject) => {
    expect(await roundTrip(subject, { N: '-1E-130' })).toEqual({ N: `-0.${'0'.repeat(129)}1` });
  }),
  both('refuses numbers beyond the exponent range', async (subject) => {
    expect(await refusal(roundTrip(subject, { N: '1E126' }))).toContain('Number overflow');
    expect(await refusal(roundTrip(subject, { N: '1E-131' }))).toContain('Number underflow');
  }),
  both('refuses text that is no number', async (subject) => {
    for (const text of ['', 'abc', 'NaN', 'Infinity', '0x10', '1,5']) {
      expect(await refusal(roundTrip(subject, { N: text })), text).toContain('cannot be converted into a number');
    }
  }),
  both('keeps sets of strings, numbers and binaries', async (subject) => {
    expect(sorted((await roundTrip(subject, { SS: ['b', 'a', ''] }))?.SS)).toEqual(['', 'a', 'b']);
    expect(sorted((await roundTrip(subject, { NS: ['10', '9', '1.50'] }))?.NS)).toEqual(['1.5', '10', '9']);
    const binaries = (await roundTrip(subject, { BS: [Uint8Array.of(2), Uint8Array.of(0, 1)] }))?.BS;
    expect(sorted(binaries?.map((bytes) => Buffer.from(bytes).toString('hex')))).toEqual(['0001', '02']);
  }),
  both('refuses empty sets', async (subject) => {
    expect(await refusal(roundTrip(subject, { SS: [] }))).toBe(
      'ValidationException: One or more parameter values were invalid: An string set  may not be empty',
    );
  }),
  both('refuses sets with duplicates, numbers compared by value', async (subject) => {
    expect(await refusal(roundTrip(subject, { SS: ['a', 'a'] }))).toContain('contains duplicates');
    expect(await refusal(roundTrip(subject, { NS: ['1', '1.0'] }))).toContain('contains duplicates');
  }),
  both('refuses a value without a type and a value with two', async (subject) => {
    const table = await createTable(subject);
    for (const value of ['{}', '{"S":"a","N":"1"}', '{"NULL":false}']) {
      const body = `{"TableName":"${table}","Item":{"pk":{"S":"a"},"v":${value}}}`;
      const answer = await rawRequest(subject, 'PutItem', body);
      expect(answer.status, value).toBe(400);
      expect(answer.body.toString()).toContain('ValidationException');
    }
  }),
  both('keeps maps and lists 32 levels deep and refuses 33', async (subject) => {
    expect(await roundTrip(subject, nested(32))).toEqual(nested(32));
    expect(await refusal(roundTrip(subject, nested(33)))).toContain('Nesting Levels have exceeded supported limits');
  }),
  both('takes an item of exactly 400 KB, names included, and refuses one byte more', async (subject) => {
    const table = await createTable(subject);
    const itemOf = (bytes: number) => ({ pk: { S: 'a' }, v: { S: 'x'.repeat(bytes - 'pk'.length - 'a'.length - 1) } });
    await put(subject, table, itemOf(400 * 1024));
    expect(await refusal(put(subject, table, itemOf(400 * 1024 + 1)))).toBe(
      'ValidationException: Item size has exceeded the maximum allowed size',
    );
  }),
  both('keeps attribute names of any unicode, reserved words and object property names', async (subject) => {
    const names = ['a.b[0]', 'SELECT', '😀', 'naïve', ' ', '"', 'constructor', 'toString', 'x'.repeat(300), '#a', ':v'];
    const table = await createTable(subject);
    const item = Object.fromEntries(names.map((name) => [name, { S: name }]));
    await put(subject, table, { ...item, pk: { S: 'a' } });
    expect((await scan(subject, table)).Items).toEqual([{ ...item, pk: { S: 'a' } }]);
  }),
  both('keeps an attribute called __proto__', async (subject) => {
    const table = await createTable(subject);
    const body = `{"TableName":"${table}","Item":{"pk":{"S":"a"},"__proto__":{"M":{"__proto__":{"N":"1"}}}}}`;
    expect((await rawRequest(subject, 'PutItem', body)).status).toBe(200);
    const answer = await rawRequest(subject, 'Scan', `{"TableName":"${table}"}`);
    expect(answer.body.toString()).toContain('"__proto__":{"M":{"__proto__":{"N":"1"}}}');
  }),
  both('refuses an empty attribute name', async (subject) => {
    const table = await createTable(subject);
    expect(await refusal(put(subject, table, { pk: { S: 'a' }, '': { S: 'x' } }))).toBe(
      'ValidationException: Empty attribute name',
    );
  }),
  simulatorOnly('malformed request', 'refuses broken JSON and broken base64 as malformed', async (subject) => {
    const table = await createTable(subject);
    const broken = ['{"TableName":', `{"TableName":"${table}","Item":{"pk":{"S":"a"},"b":{"B":"***"}}}`, '[]'];
    for (const body of broken) {
      const answer = await rawRequest(subject, 'PutItem', body);
      expect([answer.status, answer.body.toString()], body).toEqual([
        400,
        expect.stringContaining('SerializationException'),
      ]);
    }
  }),
];
