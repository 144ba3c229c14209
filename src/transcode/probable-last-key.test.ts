import fc from 'fast-check';
import { expect, test } from 'vitest';
import { itemArbitrary, textArbitrary, writeJson } from '../../test/support/item-arbitrary.ts';
import { Members } from '../../test/support/oracle.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { probableLastKey } from './probable-last-key.ts';
import { transcodeScanPage } from './scan-page.ts';

const AS_DYNAMODB = { spaces: 'none', escapes: 'least', seed: 0 } as const;

function found(text: string): string | null {
  return probableLastKey(Buffer.from(text));
}

test('is the key that the transcoder finds, whatever the items are', () => {
  fc.assert(
    fc.property(fc.array(itemArbitrary, { maxLength: 4 }), textArbitrary, (items, text) => {
      const key = writeJson(new Members([['pk', new Members([['S', text]])]]), AS_DYNAMODB);
      const list = items.map((item) => writeJson(item, AS_DYNAMODB)).join(',');
      const [count, last] = [`"Count":${items.length}`, `"LastEvaluatedKey":${key}`];
      const body = Buffer.from(`{${count},"Items":[${list}],${last},"ScannedCount":${items.length}}`);
      expect(probableLastKey(body)).toBe(key);
      expect(transcodeScanPage(body, createAttributeDictionary(['pk'])).lastEvaluatedKey).toBe(key);
    }),
  );
});

test('an attribute of that name may be taken for it', () => {
  expect(found('{"Items":[{"pk":{"S":"a"},"LastEvaluatedKey":{"M":{}}}],"Count":1}')).toBe('{"M":{}}');
});

test('is not found where the answer is cut', () => {
  expect(found('{"Items":[],"Count":0,"LastEvaluatedKey":{"pk":{"S":"a"')).toBeNull();
  expect(found('')).toBeNull();
});
