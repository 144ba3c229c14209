import { expect, test } from 'vitest';
import { Secret } from '../platform/secret.ts';
import { toJsonText } from './json.ts';

test('writes our own keys in snake_case and leaves the keys of documents and data alone', () => {
  const value = {
    itemCount: 1,
    trustPolicy: { Version: '2012-10-17', Condition: { StringEquals: { 'sts:ExternalId': 'x' } } },
    expressionAttributes: { '#customerId': 'customerId' },
    list: [{ sizeBytes: 2n ** 60n }, null, 'camelCase'],
  };
  expect(JSON.parse(toJsonText(value))).toEqual({
    item_count: 1,
    trust_policy: { Version: '2012-10-17', Condition: { StringEquals: { 'sts:ExternalId': 'x' } } },
    expression_attributes: { '#customerId': 'customerId' },
    list: [{ size_bytes: '1152921504606846976' }, null, 'camelCase'],
  });
});

test('refuses to write a secret', () => {
  expect(() => toJsonText({ key: new Secret('hunter2') })).toThrow('A secret was turned into JSON');
});
