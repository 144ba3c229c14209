import { describe, expect, test } from 'vitest';
import { formatTapState, parseTapState } from './tap-state.ts';

const WRITTEN_BY_PYTHON = {
  bookmarks: {
    orders: {
      last_replication_method: 'LOG_BASED',
      version: 1795446409653,
      last_evaluated_key: { pk: { S: 'a' }, sk: { N: '2' } },
      initial_full_table_complete: true,
      finished_shards: ['shardId-1'],
      shard_seq_numbers: { 'shardId-2': '300000000000000000302' },
      success_timestamp: '2026-11-23T15:06:50.205000Z',
    },
  },
  currently_syncing: 'orders',
};

describe('a state', () => {
  test('is written as the Python tap has written it', () => {
    expect(formatTapState(parseTapState(WRITTEN_BY_PYTHON), null)).toEqual(WRITTEN_BY_PYTHON);
  });

  test('keeps what no tap of DynamoDB knows, in it and in its bookmarks', () => {
    const state = {
      other: [1],
      bookmarks: { users: { replication_key_value: '2020' }, orders: { mine: { a: null } } },
    };
    expect(formatTapState(parseTapState(state), null)).toEqual(state);
  });

  test.each([[{}], [{ bookmarks: {} }], [{ bookmarks: null }], [{ bookmarks: { orders: null } }]])(
    'of a first run may be %j',
    (state) => {
      const { bookmarks } = parseTapState(state);
      expect(bookmarks.get('orders')?.version ?? null).toBeNull();
    },
  );

  test('names the table that is being read where one is', () => {
    expect(formatTapState(parseTapState({ currently_syncing: 'a' }), 'b')).toEqual({
      bookmarks: {},
      currently_syncing: 'b',
    });
  });

  test('keeps a table and an attribute of any name', () => {
    const text = '{"bookmarks":{"__proto__":{"version":7,"last_evaluated_key":{"__proto__":{"S":"a"}}}}}';
    const state = parseTapState(JSON.parse(text));
    expect([...state.bookmarks.keys()]).toEqual(['__proto__']);
    expect(JSON.stringify(formatTapState(state, null))).toBe(text);
  });

  test.each([
    ['beside its bookmarks', (deep: unknown) => ({ bookmarks: {}, deep })],
    ['in a bookmark', (deep: unknown) => ({ bookmarks: { orders: { deep } } })],
    ['in a message', (deep: unknown) => ({ type: 'STATE', value: { bookmarks: {}, deep } })],
  ])('is refused where something that could not be written again is %s', (_, stateOf) => {
    const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    expect(() => parseTapState(stateOf(deep))).toThrow('nested deeper than 500 levels');
  });

  test('says which value of which table is wrong', () => {
    const bookmarks = { orders: { version: 5 }, users: { last_evaluated_key: { id: { S: 7 } } } };
    expect(() => parseTapState({ bookmarks })).toThrow(
      expect.objectContaining({
        issues: [
          expect.objectContaining({
            path: ['bookmarks', 'users', 'last_evaluated_key', 'id', 'S'],
            message: 'expected a text',
          }),
        ],
      }),
    );
  });

  test('takes nulls for what is not there', () => {
    const keys = ['version', 'last_evaluated_key', 'finished_shards', 'shard_seq_numbers', 'success_timestamp'];
    const nulls = Object.fromEntries(keys.map((key) => [key, null]));
    expect(parseTapState({ bookmarks: { orders: nulls } })).toEqual(parseTapState({ bookmarks: { orders: {} } }));
    const numbers = { shard_seq_numbers: { a: null, b: '7' } };
    const { bookmarks } = parseTapState({ bookmarks: { orders: numbers } });
    expect(bookmarks.get('orders')?.shardSequenceNumbers).toEqual({ b: '7' });
  });

  test('with text of ours has every key, so that nothing comes back when states are merged', () => {
    const state = parseTapState({ bookmarks: { orders: { tributary: '{}', version: 5 } } });
    expect(formatTapState(state, null)).toEqual({
      bookmarks: {
        orders: {
          last_replication_method: null,
          version: 5,
          last_evaluated_key: null,
          initial_full_table_complete: false,
          finished_shards: null,
          shard_seq_numbers: {},
          success_timestamp: null,
          tributary: '{}',
        },
      },
    });
  });

  test.each([
    ['a list', []],
    ['a number', 5],
    ['a config', { region_name: 'us-east-1' }],
    ['a catalog', { streams: [] }],
    ['a message around a config', { type: 'STATE', value: { region_name: 'us-east-1' } }],
    ['bookmarks that are a list', { bookmarks: [] }],
    ['a version below zero', { bookmarks: { orders: { version: -1 } } }],
    ['a version that is text', { bookmarks: { orders: { version: 'x' } } }],
    ['a message with such a version', { type: 'STATE', value: { bookmarks: { orders: { version: 'x' } } } }],
  ])('is refused where it is %s', (_, state) => {
    expect(() => parseTapState(state)).toThrow();
  });
});
