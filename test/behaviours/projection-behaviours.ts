import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import {
  type Behaviour,
  both,
  createTable,
  type Item,
  put,
  refusal,
  type Subject,
  scan,
  simulatorOnly,
} from './behaviour.ts';

const ITEM: Item = {
  pk: { S: 'a' },
  x: { N: '1.1' },
  m: { M: { a: { L: [{ N: '1' }, { S: 'two' }, { M: { deep: { BOOL: true } } }] }, b: { S: 'bee' } } },
  l: { L: [{ N: '1' }, { L: [{ N: '7' }, { N: '8' }] }, { N: '3' }, { M: { p: { S: 'q' }, r: { S: 's' } } }] },
  'a.b': { S: 'dot' },
  SELECT: { S: 'word' },
  constructor: { S: 'c' },
};

async function project(
  subject: Subject,
  expression: string,
  names?: Record<string, string>,
): Promise<Item | undefined> {
  const table = await createTable(subject);
  await put(subject, table, ITEM);
  const input = { ProjectionExpression: expression, ...(names ? { ExpressionAttributeNames: names } : {}) };
  return (await scan(subject, table, input)).Items?.[0];
}

function yields(expression: string, expected: Item, names?: Record<string, string>): Behaviour {
  const suffix = names === undefined ? '' : ` with ${JSON.stringify(names)}`;
  return both(`projects ${expression}${suffix} to ${JSON.stringify(expected)}`, async (subject) => {
    expect(await project(subject, expression, names)).toEqual(expected);
  });
}

function refuses(expression: string, message: string, names?: Record<string, string>): Behaviour {
  const shown = expression.length > 60 ? `${expression.slice(0, 60)}…` : expression;
  const suffix = names === undefined ? '' : ` with ${JSON.stringify(names)}`;
  return both(`refuses the projection ${JSON.stringify(shown)}${suffix}`, async (subject) => {
    expect(await refusal(project(subject, expression, names))).toBe(`ValidationException: ${message}`);
  });
}

const invalid = (problem: string): string => `Invalid ProjectionExpression: ${problem}`;
const syntax = (token: string, near: string): string => invalid(`Syntax error; token: "${token}", near: "${near}"`);
const reserved = (word: string): string => invalid(`Attribute name is a reserved keyword; reserved keyword: ${word}`);
const undefinedName = (name: string): string =>
  invalid(`An expression attribute name used in the document path is not defined; attribute name: ${name}`);
const clash = (kind: 'overlap' | 'conflict', one: string, two: string): string =>
  invalid(
    `Two document paths ${kind} with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`,
  );

export const PROJECTION_BEHAVIOURS: readonly Behaviour[] = [
  yields('pk', { pk: { S: 'a' } }),
  yields('pk, x', { pk: { S: 'a' }, x: { N: '1.1' } }),
  yields('m.b', { m: { M: { b: { S: 'bee' } } } }),
  yields('m.a[1]', { m: { M: { a: { L: [{ S: 'two' }] } } } }),
  yields('m.a[2].deep, m.a[0]', { m: { M: { a: { L: [{ N: '1' }, { M: { deep: { BOOL: true } } }] } } } }),
  yields('l[2], l[0]', { l: { L: [{ N: '1' }, { N: '3' }] } }),
  yields('l[1][1], l[0]', { l: { L: [{ N: '1' }, { L: [{ N: '8' }] }] } }),
  yields('l[3].p, l[3].r, l[1][0]', {
    l: { L: [{ L: [{ N: '7' }] }, { M: { p: { S: 'q' }, r: { S: 's' } } }] },
  }),
  yields('l[9], l[1]', { l: { L: [{ L: [{ N: '7' }, { N: '8' }] }] } }),
  yields('m.b, m.zz', { m: { M: { b: { S: 'bee' } } } }),
  yields('l [ 2 ] ,\n\tm . b', { l: { L: [{ N: '3' }] }, m: { M: { b: { S: 'bee' } } } }),
  yields('nope', {}),
  yields('m.zz', {}),
  yields('l[9]', {}),
  yields('m.a.b', {}),
  yields('l.x', {}),
  yields('x.y', {}),
  yields('m.a[2].deep.x', {}),
  yields('PK', {}),
  yields('#d', { 'a.b': { S: 'dot' } }, { '#d': 'a.b' }),
  yields(
    '#SELECT, #c',
    { SELECT: { S: 'word' }, constructor: { S: 'c' } },
    { '#SELECT': 'SELECT', '#c': 'constructor' },
  ),
  yields('#m.#b', { m: { M: { b: { S: 'bee' } } } }, { '#m': 'm', '#b': 'b' }),
  yields('#1', { pk: { S: 'a' } }, { '#1': 'pk' }),
  yields('#p', {}, { '#p': 'm.b' }),
  refuses('', invalid('The expression can not be empty;')),
  refuses('  ', syntax('<EOF>', '  ')),
  refuses('pk,', syntax('<EOF>', ',')),
  refuses(',pk', syntax(',', ',pk')),
  refuses('pk,,x', syntax(',', ',,x')),
  refuses('pk x', syntax('x', 'pk x')),
  refuses('pk = x', syntax('=', 'pk = x')),
  refuses('"pk"', syntax('"', '"pk')),
  refuses("a'b", syntax("'", "a'b")),
  refuses('*', syntax('*', '*')),
  refuses('pk AND x', syntax('AND', 'pk AND x')),
  refuses('m.IN', syntax('IN', '.IN')),
  refuses('a-b', syntax('-', 'a-b')),
  refuses('1a', syntax('1', '1a')),
  refuses('_a', syntax('_', '_a')),
  refuses('élan', syntax('é', 'élan')),
  refuses('m..a', syntax('.', '..a')),
  refuses('m.', syntax('<EOF>', '.')),
  refuses('l[-1]', syntax('-', '[-1')),
  refuses('l[1.5]', syntax('.', '1.5')),
  refuses('l[01]', syntax('1', '01]')),
  refuses('l[x]', syntax('x', '[x]')),
  refuses('l[1', syntax('<EOF>', '1')),
  refuses('x[1]]', syntax(']', ']]')),
  refuses('size(x)', syntax('(', 'size(x')),
  refuses(':v', syntax(':v', ':v')),
  refuses('l[99999999999]', invalid('List index is not within the allowable range; index: [99999999999]')),
  refuses('SELECT', reserved('SELECT')),
  refuses('m.name', reserved('name')),
  refuses('#a, name', reserved('name')),
  refuses('#a', undefinedName('#a')),
  refuses('#a, #b', undefinedName('#b'), { '#a': 'pk' }),
  refuses('#a', 'Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}', {
    '#a': 'pk',
    '#b': 'x',
  }),
  refuses('#a', 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"', { a: 'pk' }),
  refuses('#a-b', 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"', { '#a-b': 'pk' }),
  refuses('#a', 'ExpressionAttributeNames contains invalid value: Empty attribute name for key #a', { '#a': '' }),
  refuses('pk', 'ExpressionAttributeNames must not be empty', {}),
  refuses('pk, pk', clash('overlap', '[pk]', '[pk]')),
  refuses('m, m.a', clash('overlap', '[m]', '[m, a]')),
  refuses('m.a[2].deep, m.a[2]', clash('overlap', '[m, a, [2], deep]', '[m, a, [2]]')),
  refuses('m[0], m.a', clash('conflict', '[m, [0]]', '[m, a]')),
  refuses('#m.b, m.#b', clash('overlap', '[m, b]', '[m, b]'), { '#m': 'm', '#b': 'b' }),
  refuses(
    'pk.x',
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
  ),
  refuses(
    Array.from({ length: 40 }, (_, index) => `a${index}`).join('.'),
    invalid('The document path has too many nesting levels; nesting levels: 40'),
  ),
  refuses(
    Array.from({ length: 1200 }, (_, index) => `a${index}`).join(','),
    invalid('Expression size has exceeded the maximum allowed size;'),
  ),
  both('refuses names without an expression to use them in', async (subject) => {
    const table = await createTable(subject);
    expect(await refusal(scan(subject, table, { ExpressionAttributeNames: { '#a': 'pk' } }))).toBe(
      'ValidationException: ExpressionAttributeNames can only be specified when using expressions',
    );
  }),
  both('projects with the older AttributesToGet', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, ITEM);
    const page = await scan(subject, table, { AttributesToGet: ['pk', 'a.b', 'nope'] });
    expect(page.Items).toEqual([{ pk: { S: 'a' }, 'a.b': { S: 'dot' } }]);
  }),
  both('answers LastEvaluatedKey although the projection leaves the key out', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, ITEM);
    const page = await scan(subject, table, { ProjectionExpression: 'x', Limit: 1 });
    expect([page.Items, page.LastEvaluatedKey]).toEqual([[{ x: { N: '1.1' } }], { pk: { S: 'a' } }]);
  }),
  both('projects the answer of GetItem', async (subject) => {
    const table = await createTable(subject);
    await put(subject, table, ITEM);
    const command = new GetItemCommand({ TableName: table, Key: { pk: { S: 'a' } }, ProjectionExpression: 'm.b' });
    expect((await subject.client.send(command)).Item).toEqual({ m: { M: { b: { S: 'bee' } } } });
  }),
  ...['size', 'CONVERT'].map((word) =>
    simulatorOnly('reserved words', `refuses the reserved word ${word}`, async (subject) => {
      expect(await refusal(project(subject, word))).toBe(`ValidationException: ${reserved(word)}`);
    }),
  ),
];
