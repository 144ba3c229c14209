import { describe, expect, test } from 'vitest';
import type { TableKey } from '../../model/table.ts';
import { TributaryError } from '../../platform/errors.ts';
import { parseExpressionAttributes } from './expression-attributes.ts';
import { parseProjection } from './parse-projection.ts';
import { DELIBERATE_DIFFERENCES, PROJECTION_CASES, type ProjectionCase } from './projection-cases.testsuite.ts';
import { isReservedWord, RESERVED_WORDS } from './reserved-words.ts';

const KEY: TableKey = [{ name: 'pk', type: 'S' }];

function parse(
  expression: string,
  expressionAttributes: Readonly<Record<string, string>> = {},
  key: TableKey | null = null,
) {
  return parseProjection({ expression, expressionAttributes, key });
}

/** Key paths are judged with the key known; that the key is there at all is a rule of its own. */
function isAccepted({ expression, names }: ProjectionCase): boolean {
  const key: TableKey | null = /\bpk\b/.test(expression) ? KEY : null;
  try {
    parse(expression, names, key);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'PROJECTION_INVALID' });
    return false;
  }
}

function failure(expression: string, names: Record<string, string> = {}, key: TableKey | null = null): TributaryError {
  try {
    parse(expression, names, key);
  } catch (error) {
    if (error instanceof TributaryError) return error;
  }
  throw new Error('The projection was accepted');
}

test.each(PROJECTION_CASES.map((c) => [c.accepted ? 'accepted' : 'refused', c.expression.slice(0, 40), c] as const))(
  '%s: %j',
  (_verdict, _text, projectionCase) => {
    expect(isAccepted(projectionCase)).toBe(projectionCase.accepted);
  },
);

test.each(DELIBERATE_DIFFERENCES)('"$expression" is decided otherwise than DynamoDB Local: $why', (difference) => {
  const { expression, names, accepted } = difference;
  const decide = () => parse(expression, names, expression === 'b' ? KEY : null);
  if (accepted) expect(decide).not.toThrow();
  else expect(decide).toThrow(TributaryError);
});

test('a projection becomes paths with the placeholders resolved, and what a Scan sends', () => {
  expect(parse('pk, #c.b[1][2], a.#c', { '#c': 'comment' }, KEY)).toEqual({
    expression: 'pk, #c.b[1][2], a.#c',
    attributeNames: { '#c': 'comment' },
    paths: [
      [{ attribute: 'pk' }],
      [{ attribute: 'comment' }, { attribute: 'b' }, { index: 1 }, { index: 2 }],
      [{ attribute: 'a' }, { attribute: 'comment' }],
    ],
  });
});

test('a blank projection is none', () => {
  expect(parse('')).toBeNull();
  expect(parse(' \n\t')).toBeNull();
});

describe('the key', () => {
  const composite: TableKey = [
    { name: 'pk', type: 'S' },
    { name: 'order', type: 'N' },
  ];
  test('has to be there, range attribute included, also behind a placeholder', () => {
    expect(parse('#o, pk', { '#o': 'order' }, composite)).not.toBeNull();
    expect(failure('pk, a', {}, composite).message).toContain('the key attribute "order" is missing');
    expect(failure('pk, a', {}, composite).hint).toContain('"#key": "order"');
    expect(failure('a', {}, composite).hint).toContain('Add pk to the projection');
  });

  test('has to be whole', () => {
    expect(failure('pk.a', {}, KEY).message).toContain('has no inner parts');
  });
});

test('an error shows the place', () => {
  expect(failure('id, name, b').message).toBe(
    'The projection is not valid at character 5: "name" is a reserved word of DynamoDB\n  id, name, b\n      ^',
  );
  expect(failure('id,\n\t"b"').message).toBe(
    'The projection is not valid at character 6: quotes are not allowed\n   "b"\n   ^',
  );
  expect(failure('id,').message).toContain('expected an attribute name, found the end');
});

test('a reserved word comes with the way to write it', () => {
  expect(failure('id, Status').hint).toBe(
    `Write #Status instead and define it: --attribute '#Status=Status', or in the file expression_attributes: { "#Status": "Status" }`,
  );
  expect(RESERVED_WORDS.size).toBe(574);
  expect(isReservedWord('zone')).toBe(true);
});

describe('expression attributes as text', () => {
  test.each([
    ['"#c":"comment"', { '#c': 'comment' }],
    ['{"#c": "comment", "#d": "a.b"}', { '#c': 'comment', '#d': 'a.b' }],
    [' "#p": "__proto__" ', { '#p': '__proto__' }],
    ['', {}],
    ['{}', {}],
  ])('%s', (text, expected) => {
    expect(parseExpressionAttributes(text)).toEqual(expected);
  });

  test.each(['#c: comment', '"#c": 1', '["#c"]', '"#c"', 'null'])('%s is refused', (text) => {
    expect(() => parseExpressionAttributes(text)).toThrow(TributaryError);
  });
});
