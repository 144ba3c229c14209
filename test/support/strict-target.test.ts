import { expect, test } from 'vitest';
import { createStrictTarget } from './strict-target.ts';

const line = (message: object): string => `${JSON.stringify(message)}\n`;
const SCHEMA = line({ type: 'SCHEMA', stream: 't', schema: {}, key_properties: ['pk'] });
const record = (pk: string, n: number, version = 1): string =>
  line({ type: 'RECORD', stream: 't', version, record: { pk, n } });
const state = (value: number): string => line({ type: 'STATE', value });

function revisions(...texts: readonly string[]): unknown {
  const target = createStrictTarget();
  for (const text of texts) target.take(text);
  target.end();
  return {
    rows: Object.fromEntries([...target.rows('t')].map(([key, row]) => [key, row.record['n']])),
    state: target.state,
  };
}

test('what a STATE has followed stays, whatever the chunks', () => {
  const whole = SCHEMA + record('a', 1) + record('b', 2) + state(1);
  expect(revisions(whole)).toEqual({ rows: { a: 1, b: 2 }, state: 1 });
  expect(revisions(...whole)).toEqual({ rows: { a: 1, b: 2 }, state: 1 });
});

test('a row that comes behind the STATE that covers it is lost, and so is half a line', () => {
  expect(revisions(SCHEMA, record('a', 1), state(1), record('b', 2))).toEqual({ rows: { a: 1 }, state: 1 });
  expect(revisions(SCHEMA, record('a', 1), state(1), record('b', 2), state(2).slice(0, -1))).toEqual({
    ...{ rows: { a: 1 }, state: 1 },
  });
});

test('of two rows of a key the later one stays; repeats change nothing', () => {
  expect(revisions(SCHEMA, record('a', 1), record('a', 2), record('a', 2), state(1))).toMatchObject({ rows: { a: 2 } });
  expect(revisions(SCHEMA, record('a', 2), record('a', 1), state(1))).toMatchObject({ rows: { a: 1 } });
});

test('an activated version is all there is', () => {
  const activate = line({ type: 'ACTIVATE_VERSION', stream: 't', version: 2 });
  expect(revisions(SCHEMA, record('a', 1), record('b', 2, 2), activate, state(1))).toMatchObject({ rows: { b: 2 } });
});
