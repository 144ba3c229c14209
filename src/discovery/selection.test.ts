import { describe, expect, test } from 'vitest';
import { parseTableRef } from '../model/table.ts';
import { TributaryError } from '../platform/errors.ts';
import type { CatalogIndex, CatalogStream, CatalogTable } from './catalog.ts';
import { matchNames } from './name-pattern.ts';
import { checkSelection, checkSettings, type TableSelection } from './selection.ts';

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
  region: 'us-east-1',
  endpoint: null,
  identity: 'a',
  status: 'ACTIVE',
  key: [{ name: 'pk', type: 'S' }],
  itemCount: 0,
  sizeBytes: 0,
  billingMode: 'PAY_PER_REQUEST',
  provisionedReadUnits: null,
  onDemandMaxReadUnits: null,
  stream: { enabled: false, viewType: null, arn: null, label: null },
  indexes: [INDEX],
};

function whole(ref: string): TableSelection {
  return {
    ref: parseTableRef(ref),
    method: 'FULL_TABLE',
    projection: null,
    expressionAttributes: {},
    consistentRead: false,
    deletes: 'soft',
    keepLastImage: false,
    ttlDeletes: 'replicate',
  };
}

function check(ref: string, selection: Partial<TableSelection> = {}, table: Partial<CatalogTable> = {}) {
  return checkSelection({ ...whole(ref), ...selection }, { ...TABLE, ...table });
}

function refusal(...parameters: Parameters<typeof check>): TributaryError {
  try {
    check(...parameters);
  } catch (error) {
    if (error instanceof TributaryError) return error;
  }
  throw new Error('The selection was accepted');
}

describe('a table that is to follow its stream', () => {
  const ENABLE =
    'aws dynamodb update-table --region us-east-1 --table-name orders --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES';
  const following = (viewType: CatalogStream['viewType']) => ({
    stream: { enabled: true, viewType, arn: 'arn', label: '2026' },
  });
  const logBased = (more: Partial<TableSelection> = {}) => ({ method: 'LOG_BASED', ...more }) as const;

  test('needs one that carries the new items', () => {
    expect(check('orders', logBased(), following('NEW_IMAGE'))).toBeNull();
    expect(check('orders', logBased({ projection: 'pk' }), following('NEW_AND_OLD_IMAGES'))).not.toBeNull();
  });

  test('learns how to enable one', () => {
    const disabled = { stream: { enabled: false, viewType: null, arn: 'arn', label: '2026' } };
    for (const table of [{}, disabled]) {
      expect(refusal('orders', logBased(), table)).toMatchObject({
        code: 'SELECTION_INVALID',
        message: 'orders cannot be LOG_BASED: it has no stream',
        hint: `Enable one: ${ENABLE}; or select the table as FULL_TABLE`,
      });
    }
  });

  test.each([
    ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
    ['http://[::1]:8000/a?b&c', "'http://[::1]:8000/a?b&c'"],
  ])(
    'learns it for the endpoint %s and the region of the source, not for a table of AWS of that name',
    (endpoint, typed) => {
      const place = { region: 'eu-central-1', endpoint };
      const command = `aws dynamodb update-table --endpoint-url ${typed} --region eu-central-1 --table-name orders`;
      expect(refusal('orders', logBased(), place).hint).toContain(`Enable one: ${command} --stream-specification`);
      expect(refusal('orders', logBased(), { ...following('KEYS_ONLY'), ...place }).hint).toContain(
        `Disable the stream: ${command} --stream-specification StreamEnabled=false; then enable it again: ${command}`,
      );
    },
  );

  test.each(['KEYS_ONLY', 'OLD_IMAGE'] as const)(
    'learns how to replace one of %s, and that this is a gap',
    (viewType) => {
      const error = refusal('orders', logBased(), following(viewType));
      expect(error).toMatchObject({
        code: 'SELECTION_INVALID',
        message: `orders cannot be LOG_BASED: its stream has the view type ${viewType}, which lacks the new item`,
      });
      expect(error.hint).toContain('--stream-specification StreamEnabled=false');
      expect(error.hint).toContain(ENABLE);
      expect(error.hint).toContain('has a gap');
    },
  );

  test('keeps last images only where the stream has them, and only of rows that stay', () => {
    const keeping = logBased({ keepLastImage: true });
    expect(check('orders', keeping, following('NEW_AND_OLD_IMAGES'))).toBeNull();
    const lacking = refusal('orders', keeping, following('NEW_IMAGE'));
    expect(lacking.message).toContain('with keep_last_image: its stream has the view type NEW_IMAGE');
    expect(lacking.hint).toMatch(/Or leave out keep_last_image$/);
    const hard = refusal('orders', { ...keeping, deletes: 'hard' }, following('NEW_AND_OLD_IMAGES'));
    expect(hard.hint).toBe('Leave out keep_last_image, or set deletes: soft');
  });

  test('flags expired items only in rows that stay', () => {
    expect(check('orders', logBased({ ttlDeletes: 'flag' }), following('NEW_IMAGE'))).toBeNull();
    const error = refusal('orders', logBased({ ttlDeletes: 'flag', deletes: 'hard' }), following('NEW_IMAGE'));
    expect(error.code).toBe('SELECTION_INVALID');
    expect(check('orders', logBased({ ttlDeletes: 'ignore', deletes: 'hard' }), following('NEW_IMAGE'))).toBeNull();
  });

  test('is no index', () => {
    expect(refusal('orders/by-customer', logBased(), following('NEW_IMAGE'))).toMatchObject({
      code: 'SELECTION_INVALID',
      message: 'orders/by-customer cannot be LOG_BASED: an index has no stream',
      hint: 'Select orders/by-customer as FULL_TABLE, or the table orders as LOG_BASED',
    });
  });

  test('is judged by its settings alone once it follows', () => {
    const settings = (more: Partial<TableSelection>) => checkSettings({ ...whole('orders'), ...logBased(more) }, TABLE);
    expect(settings({})).toBeNull();
    expect(() => settings({ projection: 'a' })).toThrow(TributaryError);
  });
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
