import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TributaryError } from '../platform/errors.ts';
import { columnName, destinationTableName, sourceSchemaName } from './naming.ts';

const none: ReadonlySet<string> = new Set();

describe('column names', () => {
  it.each([
    ['id', 'id'],
    ['camelCase', 'camel_case'],
    ['HTTPServerURL', 'http_server_url'],
    ['orderID2', 'order_id2'],
    ['a.b', 'a_b'],
    ['a b', 'a_b'],
    ['aws:rep:updatetime', 'aws_rep_updatetime'],
    ['SELECT', 'select'],
    ['__proto__', '__proto__'],
    ['9lives', '_9lives'],
    ['ключ', 'ключ'],
    ['नाम', 'नाम'],
    ['ｆｕｌｌｗｉｄｔｈ', 'fullwidth'],
    ['xmin', 'attr_xmin'],
    ['RowId', 'row_id'],
    ['rowid', 'attr_rowid'],
    ['_sdc_deleted_at', 'attr_sdc_deleted_at'],
    ['_SDC_sequence', 'attr_sdc_sequence'],
    ['_tributary_state', 'attr_tributary_state'],
    ['😀', 'col_*'],
    ['.', 'col_*'],
    ['\ud800', 'col_*'],
  ])('turn %j into %j', (attribute, name) => {
    const made = columnName(attribute, none);
    if (name === 'col_*') expect(made).toMatch(/^col_[0-9a-f]{8}$/);
    else expect(made).toBe(name);
  });

  it('cut long names to 63 bytes with a hash that tells their tails apart', () => {
    const first = columnName(`long${'x'.repeat(300)}1`, none);
    const second = columnName(`long${'x'.repeat(300)}2`, none);
    expect(first).toMatch(/^long(x{50})_[0-9a-f]{8}$/);
    expect(second).not.toBe(first);
    expect(Buffer.byteLength(columnName('ж'.repeat(100), none))).toBeLessThanOrEqual(63);
  });

  it('give the later of two attributes that want one name a hash suffix', () => {
    const taken = new Set([columnName('camelCase', none)]);
    const second = columnName('camel_case', taken);
    expect(second).toMatch(/^camel_case_[0-9a-f]{8}$/);
    // An attribute spelt exactly like the suffixed name still gets its own.
    expect(columnName(second, new Set([...taken, second]))).not.toBe(second);
    // And so does the second, where somebody has taken its suffixed name.
    expect([...taken, second]).not.toContain(columnName('camel_case', new Set([...taken, second])));
  });

  it('are always distinct, short, lower case and free of reserved prefixes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 90 }), { maxLength: 30 }), (attributes) => {
        const taken = new Set<string>();
        for (const attribute of attributes) {
          const name = columnName(attribute, taken);
          expect(taken.has(name)).toBe(false);
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
          expect(name).toMatch(/^[\p{L}\p{M}_][\p{L}\p{M}\p{N}_]*$/u);
          expect(name).not.toMatch(/^_sdc_|^_tributary/);
          taken.add(name);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('table names', () => {
  it.each([
    ['orders', null, 'orders'],
    ['Prod-Orders.v2', null, 'prod_orders_v2'],
    ['orders', 'by-customer', 'orders__by_customer'],
    ['_tributary_state', null, 'table_tributary_state'],
  ])('turn %s with index %s into %s', (table, index, name) => {
    expect(destinationTableName({ table, index })).toBe(name);
  });

  it('keep two long views and two like-named tables apart', () => {
    const table = 'a'.repeat(255);
    const names = ['i1', 'i2'].map((index) => destinationTableName({ table, index }));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(destinationTableName({ table: 'a.b', index: null }, new Set(['a_b']))).toMatch(/^a_b_[0-9a-f]{8}$/);
  });
});

describe('schema names', () => {
  it.each([
    ['Stitch Amazon DynamoDB', 'stitch_amazon_dynamodb'],
    ['DISPLAY_NAME!!!', 'display_name'],
    ['shop-eu', 'shopeu'],
    ['_x$1', '_x$1'],
    ['a'.repeat(49), 'a'.repeat(49)],
  ])('turn %j into %j', (displayName, name) => {
    expect(sourceSchemaName(displayName)).toBe(name);
  });

  it.each(['', '!!!', 'ключ', '2024 shop', '$x', 'a'.repeat(50)])('refuse %j', (displayName) => {
    expect(() => sourceSchemaName(displayName)).toThrow(TributaryError);
    expect(() => sourceSchemaName(displayName)).toThrow(/cannot name a schema/);
  });
});
