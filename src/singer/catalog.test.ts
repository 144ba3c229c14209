import { describe, expect, test } from 'vitest';
import { TributaryError } from '../platform/errors.ts';
import { catalogOf, parseCatalog } from './catalog.ts';

function entry(stream: string, metadata: Readonly<Record<string, unknown>>, more: object = {}) {
  return {
    ...{ table_name: stream, stream, tap_stream_id: stream, schema: { type: 'object' } },
    metadata: [{ breadcrumb: [], metadata: { 'table-key-properties': ['pk'], ...metadata } }],
    ...more,
  };
}

const DEEP: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
const FULL = { selected: true, 'replication-method': 'FULL_TABLE' };

function failure(json: unknown): string {
  try {
    parseCatalog(json);
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'CATALOG_INVALID') return error.message;
    throw error;
  }
  throw new Error('The catalog was accepted');
}

test('discovery writes the catalog of the Python tap', () => {
  const catalog = catalogOf([
    {
      name: 'orders',
      key: [
        { name: 'pk', type: 'S' },
        { name: 'sk', type: 'N' },
      ],
      itemCount: 3,
    },
    { name: 'empty', key: [{ name: 'id', type: 'B' }], itemCount: 0 },
  ]);
  expect(JSON.stringify(catalog)).toBe(
    '{"streams":[{"table_name":"orders","stream":"orders","tap_stream_id":"orders","metadata":' +
      '[{"breadcrumb":[],"metadata":{"table-key-properties":["pk","sk"],"row-count":3}}],"schema":{"type":"object"}},' +
      '{"table_name":"empty","stream":"empty","tap_stream_id":"empty","metadata":' +
      '[{"breadcrumb":[],"metadata":{"table-key-properties":["id"]}}],"schema":{"type":"object"}}]}',
  );
  expect(parseCatalog(catalog)).toEqual([]);
});

test('selected streams come in the order of the catalog, with the settings of the Python tap', () => {
  const schema = { type: 'object', properties: { a: { type: 'string', 'x-own': 1 } } };
  const projected = {
    ...{ selected: true, 'replication-method': 'LOG_BASED', 'table-key-properties': 'id' },
    ...{ 'tap-mongodb.projection': 'id, #n', 'tap-dynamodb.expression-attributes': '{"#n": "name"}' },
  };
  expect(parseCatalog({ streams: [entry('b', projected, { schema }), entry('a', FULL)], more: 1 })).toEqual([
    {
      ...{ stream: 'b', schema, keyProperties: ['id'], method: 'LOG_BASED' },
      ...{ projection: 'id, #n', expressionAttributes: '{"#n": "name"}' },
    },
    {
      ...{ stream: 'a', schema: { type: 'object' }, keyProperties: ['pk'], method: 'FULL_TABLE' },
      ...{ projection: null, expressionAttributes: null },
    },
  ]);
});

test('only the metadata with the breadcrumb [] counts, the last of it, and only selected streams are judged', () => {
  const twice = entry('b', { selected: false });
  twice.metadata.push({ breadcrumb: [], metadata: { ...FULL, 'table-key-properties': ['k'] } });
  const ofColumn = entry('c', {});
  const metadata = [...ofColumn.metadata, { breadcrumb: ['properties', 'x'], metadata: FULL }];
  const streams = [
    entry('a', { selected: false, 'replication-method': 7 }),
    ...[twice, { ...ofColumn, metadata }, entry('d', { selected: 'false' }), entry('e', { ...FULL, selected: 'true' })],
  ];
  expect(parseCatalog({ streams }).map(({ stream }) => stream)).toEqual(['b', 'e']);
});

describe('a catalog that cannot be used', () => {
  test.each([[null], [[]], ['text'], [{}], [{ streams: {} }]])('%j has no list of streams', (json) => {
    expect(failure(json)).toBe('The catalog cannot be used: it has no list "streams"');
  });

  test.each([
    ['no method', entry('a', { selected: true }), 'a: replication-method: missing; set it to FULL_TABLE or LOG_BASED'],
    [
      'another method',
      entry('a', { ...FULL, 'replication-method': 'INCREMENTAL' }),
      'a: replication-method: expected FULL_TABLE or LOG_BASED',
    ],
    ['no key', entry('a', { ...FULL, 'table-key-properties': [] }), 'a: table-key-properties: expected the names'],
    ['no text', entry('a', { ...FULL, 'tap-mongodb.projection': ['a'] }), 'a: tap-mongodb.projection: expected a text'],
    ['an object', entry('a', { ...FULL, 'tap-dynamodb.expression-attributes': {} }), 'expression-attributes: expected'],
    ['no boolean', entry('a', { ...FULL, selected: 'maybe' }), 'a: selected: expected true or false'],
    ['no schema', entry('a', FULL, { schema: null }), 'a: schema: expected a JSON Schema'],
    ['a deep schema', entry('a', FULL, { schema: { x: DEEP } }), 'a: schema: nested deeper than 500 levels'],
    ['no metadata', { tap_stream_id: 'a' }, 'a: metadata: '],
    ['no id', { ...entry('a', FULL), tap_stream_id: undefined }, 'streams[0]: tap_stream_id: '],
    ['an index', entry('a/by-day', FULL), 'a/by-day: tap_stream_id: no name of a DynamoDB table'],
  ])('says where: %s', (_, stream, message) => {
    expect(failure({ streams: [stream] })).toContain(message);
  });

  test('names everything at once', () => {
    const streams = [entry('a', { selected: true }), entry('b', FULL), entry('b', FULL), { tap_stream_id: 'c' }];
    const lines = failure({ streams }).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain('- a: replication-method');
    expect(lines[2]).toBe('- b: is there twice');
    expect(lines[3]).toContain('- c: metadata');
  });
});
