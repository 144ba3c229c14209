import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { itemArbitrary, styleArbitrary, writePage } from '../../test/support/item-arbitrary.ts';
import { observedByName } from '../../test/support/observe-items.ts';
import { TributaryError } from '../platform/errors.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { crc32Matches } from './checksum.ts';
import { jsonLinesOf } from './json-lines.ts';
import { type ScanPage, transcodeScanPage } from './scan-page.ts';

function scanPage(text: string | Buffer): ScanPage {
  return transcodeScanPage(Buffer.from(text), createAttributeDictionary(['pk', 'sk']));
}

function pageWith(items: string, count = 1): string {
  return `{"Items":[${items}],"Count":${count},"ScannedCount":${count}}`;
}

function errorOf(text: string | Buffer): TributaryError {
  try {
    scanPage(text);
  } catch (error) {
    if (error instanceof TributaryError) return error;
  }
  throw new Error('nothing was refused');
}

function lineOf(item: string): string {
  return jsonLinesOf(scanPage(pageWith(item)).page).toString();
}

describe('the envelope of a Scan answer', () => {
  test('gives the resume key as it was written, counts and capacity', () => {
    const key = '{ "pk":{"S":"\\u00e9"}, "sk":{"N":"1.50"} }';
    const text = ` {"Count":1, "LastEvaluatedKey" : ${key} ,"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5},"Items":[{"pk":{"S":"a"}}],"ScannedCount":7}\n`;
    const { lastEvaluatedKey, consumedCapacity, scannedCount, count } = scanPage(text);
    expect({ lastEvaluatedKey, consumedCapacity, scannedCount, count }).toEqual({
      lastEvaluatedKey: key,
      consumedCapacity: 0.5,
      scannedCount: 7,
      count: 1,
    });
  });

  test('may be without items, key and capacity', () => {
    for (const text of ['{"Count":0}', '{"Items":[],"Count":0}', '{"Count":0,"LastEvaluatedKey":null}']) {
      const { page, lastEvaluatedKey, consumedCapacity } = scanPage(text);
      expect([page.rowCount, [...page.rowStarts], lastEvaluatedKey, consumedCapacity]).toEqual([0, [0], null, null]);
    }
  });

  test.each([
    ['an empty body', ''],
    ['an empty object', '{}'],
    ['no Count', '{"Items":[]}'],
    ['no Items', '{"Count":1}'],
    ['a Count above the number of items', pageWith('{"pk":{"S":"a"}}', 2)],
    ['a Count below the number of items', pageWith('{"pk":{"S":"a"}},{"pk":{"S":"b"}}', 1)],
    ['a Count that is text', '{"Items":[],"Count":"0"}'],
    ['a ScannedCount below Count', '{"Items":[{}],"Count":1,"ScannedCount":0}'],
    ['bytes behind the end', `${pageWith('{}')}{}`],
    ['an empty resume key', '{"Items":[],"Count":0,"LastEvaluatedKey":{}}'],
    ['bytes that are no UTF-8', Buffer.from(pageWith('{"pk":{"S":"\xff"}}'), 'latin1')],
    ['a control character in a text', pageWith('{"pk":{"S":"a\u0001"}}')],
    ['a cut body', pageWith('{"pk":{"S":"a"}}').slice(0, -1)],
  ])('is refused as corrupt with %s', (_, text) => {
    const error = errorOf(text);
    expect([error.code, error.kind]).toEqual(['ANSWER_CORRUPT', 'transient']);
  });
});

describe('an attribute value', () => {
  test.each([
    ['an unknown type', '{"X":"SECRET"}'],
    ['no type', '{}'],
    ['two types', '{"S":"SECRET","N":"1"}'],
    ['a number that is not text', '{"N":1}'],
    ['letters for a number', '{"N":"SECRET"}'],
    ['an empty number', '{"N":""}'],
    ['39 digits', `{"N":"${'1'.repeat(39)}"}`],
    ['a number above 9.99E+125', '{"N":"1E126"}'],
    ['a number below 1E-130', '{"N":"1E-131"}'],
    ['NaN', '{"N":"NaN"}'],
    ['base64 of a wrong length', '{"B":"QUJ"}'],
    ['base64 with bits too many', '{"B":"QR=="}'],
    ['other characters in base64', '{"B":"QU-_"}'],
    ['a NULL that is false', '{"NULL":false}'],
    ['a BOOL that is text', '{"BOOL":"true"}'],
    ['a map for a list', '{"L":{}}'],
    ['a bare value in a list', '{"L":["SECRET"]}'],
    ['a typed value in a set', '{"SS":[{"S":"SECRET"}]}'],
    ['200 levels', `${'{"L":['.repeat(200)}${']}'.repeat(200)}`],
  ])('is refused as malformed with %s, and only its position is said', (_, value) => {
    const error = errorOf(pageWith(`{"pk":${value}}`));
    expect([error.code, error.kind]).toEqual(['ITEM_MALFORMED', 'data']);
    expect(error.context['bytePosition']).toBeGreaterThan(0);
    expect(error.message + JSON.stringify(error.context) + String(error.cause)).not.toContain('SECRET');
  });

  test('is refused when its attribute comes twice in an item, however it is escaped', () => {
    expect(errorOf(pageWith('{"a":{"S":"1"},"b":{"S":"2"},"\\u0061":{"S":"3"}}')).code).toBe('ITEM_MALFORMED');
  });

  test('may nest as deep as DynamoDB allows and further', () => {
    const nested = (depth: number): string => `${'{"M":{"a":'.repeat(depth)}{"N":"1"}${'}}'.repeat(depth)}`;
    expect(lineOf(`{"pk":${nested(40)}}`)).toBe(`{"pk":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}\n`);
  });

  test.each([
    ['-0', '-0'],
    ['1E+2', '1E+2'],
    ['0.10', '0.10'],
    ['+1', '1'],
    ['007', '7'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['+1E20', '100000000000000000000'],
    ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
  ])('of type N with the text %s is the JSON number %s', (text, json) => {
    expect(lineOf(`{"n":{"N":"${text}"}}`)).toBe(`{"n":${json}}\n`);
  });

  test('that is a set comes in canonical order', () => {
    expect(lineOf('{"s":{"SS":["b","\uffff","😀","a","\\u0000"]}}')).toBe('{"s":["\\u0000","a","b","\uffff","😀"]}\n');
    expect(lineOf('{"n":{"NS":["10","-3","2.5","1E1","12345678901234567890"]}}')).toBe(
      '{"n":[-3,2.5,10,1E1,12345678901234567890]}\n',
    );
  });
});

describe('what a page shows of its attributes', () => {
  test('is what the oracle counts', () => {
    fc.assert(
      fc.property(fc.array(itemArbitrary, { maxLength: 6 }), styleArbitrary, (items, style) => {
        const { page } = scanPage(writePage(items, style));
        const expected = observedByName(items);
        for (let id = 0; id < page.attributes.size; id++) {
          expect(page.observed[id]).toEqual(expected.get(page.attributes.name(id)));
          expected.delete(page.attributes.name(id));
        }
        expect([...expected.keys()]).toEqual([]);
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  test('does not depend on the pages before', () => {
    const names = createAttributeDictionary(['pk']);
    const first = transcodeScanPage(Buffer.from(pageWith('{"pk":{"S":"a"},"x":{"N":"1.5"}}')), names).page;
    const second = transcodeScanPage(Buffer.from(pageWith('{"pk":{"S":"b"}}')), names).page;
    expect(names.idOf('x')).toBe(1);
    expect(first.observed[1]?.scale).toBe(1);
    expect(second.observed[1]).toBeUndefined();
    expect(jsonLinesOf(first).toString()).toBe('{"pk":"a","x":1.5}\n');
  });
});

test('a checksum is compared where the answer has one', () => {
  const body = Buffer.from('{}');
  expect([undefined, '2745614147', '1'].map((header) => crc32Matches(body, header))).toEqual([true, true, false]);
});
