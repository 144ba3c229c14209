import { describe, expect, test } from 'vitest';
import { parseTableRef } from '../model/table.ts';
import { TributaryError } from '../platform/errors.ts';
import type { CatalogIndex, CatalogStream, CatalogTable } from './catalog.ts';
import { matchNames } from './name-pattern.ts';
import { checkSelection, type TableSelection } from './selection.ts';

const INDEX: CatalogIndex = {
  name: 'by-customer',
  kind: 'global',
  status: 'ACTIVE',
  key: [{ name: 'customer', type: 'S' }],
  itemCount: 0,
  sizeBytes: 0,
  provisionedReadUnits: null,
  onDemandMaxReadUnits: null,
  projectionType: 'ALL',
  includedAttributes: [],
};
const TABLE: CatalogTable = {
  name: 'orders',
  arn: 'arn:aws:dynamodb:us-east-1:123456789012:table/orders',
  identity: 'a',
  status: 'ACTIVE',
  key: [{ name: 'pk', type: 'S' }],
  itemCount: 0,
  sizeBytes: 0,
  billingMode: 'PAY_PER_REQUEST',
  provisionedReadUnits: null,
  onDemandMaxReadUnits: null,
  stream: { enabled: false, viewType: null, arn: null },
  indexes: [INDEX],
};

function check(ref: string, selection: Partial<TableSelection> = {}, table: Partial<CatalogTable> = {}) {
  const whole: TableSelection = {
    ref: parseTableRef(ref),
    method: 'FULL_TABLE',
    projection: null,
    expressionAttributes: {},
    consistentRead: false,
    ...selection,
  };
  return checkSelection(whole, { ...TABLE, ...table });
}

function refusal(...parameters: Parameters<typeof check>): TributaryError {
  try {
    check(...parameters);
  } catch (error) {
    if (error instanceof TributaryError) return error;
  }
  throw new Error('The selection was accepted');
}

test('LOG_BASED is refused before anything else, with or without a stream', () => {
  const stream: CatalogStream = { enabled: true, viewType: 'NEW_AND_OLD_IMAGES', arn: 'arn' };
  for (const ref of ['orders', 'orders/by-customer', 'orders/gone']) {
    for (const table of [{}, { stream }]) {
      expect(refusal(ref, { method: 'LOG_BASED' }, table)).toMatchObject({
        code: 'SELECTION_INVALID',
        message: `${ref}: LOG_BASED is not in this version`,
        hint: `Select it as FULL_TABLE: tributary select ${ref} --method FULL_TABLE`,
      });
    }
  }
});

describe('a view', () => {
  test('of a global index is not read consistently, of a local one it can be', () => {
    expect(refusal('orders/by-customer', { consistentRead: true }).code).toBe('SELECTION_INVALID');
    const local = { indexes: [{ ...INDEX, kind: 'local' as const }] };
    expect(check('orders/by-customer', { consistentRead: true }, local)).toBeNull();
  });

  test('needs its index', () => {
    expect(refusal('orders/by-date')).toMatchObject({
      code: 'INDEX_NOT_FOUND',
      hint: 'Use one of its indexes: by-customer',
    });
  });

  test('projects what its index holds only, and the key of the table', () => {
    const indexes = [{ ...INDEX, projectionType: 'INCLUDE' as const, includedAttributes: ['weight'] }];
    expect(check('orders/by-customer', { projection: 'pk, customer, weight' }, { indexes })).not.toBeNull();
    expect(refusal('orders/by-customer', { projection: 'pk, height, weight' }, { indexes })).toMatchObject({
      code: 'PROJECTION_INVALID',
      message: 'Index by-customer does not hold height',
    });
    expect(refusal('orders/by-customer', { projection: 'customer' }).message).toContain('"pk" is missing');
  });
});

test('a projection is judged by the key of the table', () => {
  expect(check('orders', { projection: 'pk, #s', expressionAttributes: { s: 'status' } })).toMatchObject({
    expression: 'pk, #s',
    attributeNames: { '#s': 'status' },
  });
  expect(refusal('orders', { projection: 'a' }).code).toBe('PROJECTION_INVALID');
  expect(check('orders', { projection: '  ' })).toBeNull();
});

describe('name patterns', () => {
  const names = ['orders', 'orders-2024', 'orders-2025', 'Orders', 'a.b', 'axb', 'order'];
  test.each<[string[], string[]]>([
    [['orders-*'], ['orders-2024', 'orders-2025']],
    [['orders-202?'], ['orders-2024', 'orders-2025']],
    [['orders'], ['orders']],
    [['*'], names],
    [['a.b'], ['a.b']],
    [['a?b'], ['a.b', 'axb']],
    [['***s'], ['orders', 'Orders']],
    [
      ['order?', 'a*'],
      ['orders', 'a.b', 'axb'],
    ],
    [['(a|b)', '[a]', '^a', '$', '\\'], []],
    [[], []],
  ])('%j choose %j', (patterns, expected) => {
    expect(matchNames(names, patterns)).toEqual(expected);
  });
});
