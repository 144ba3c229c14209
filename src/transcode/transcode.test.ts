import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { itemArbitrary, styleArbitrary, writePage } from '../../test/support/item-arbitrary.ts';
import { assertItem, canonicalLine, type Members, membersOf, parseKeepingOrder } from '../../test/support/oracle.ts';
import { TributaryError } from '../platform/errors.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { jsonLinesOf } from './json-lines.ts';
import { transcodeScanPage } from './scan-page.ts';

const pageArbitrary = fc.tuple(fc.array(itemArbitrary, { maxLength: 5 }), styleArbitrary);

/** Lines of a body by our transcoder; null where it refuses the body, as it must, with one of its two codes. */
function ours(body: Buffer): string | null {
  try {
    return jsonLinesOf(transcodeScanPage(body, createAttributeDictionary(['pk'])).page).toString();
  } catch (error) {
    if (error instanceof TributaryError && /^(ANSWER_CORRUPT|ITEM_MALFORMED)$/.test(error.code)) return null;
    throw error;
  }
}

/** Lines of a body by a strict JSON parser and the oracle; null where one of them refuses it. */
function oracle(body: Buffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    const answer = new Map(membersOf(parseKeepingOrder(text)));
    // A body without items needs no Items.
    const items = (answer.get('Items') ?? []) as Members[];
    if (answer.get('Count') !== items.length) return null;
    for (const item of items) assertItem(item);
    return items.map((item) => `${canonicalLine(item)}\n`).join('');
  } catch {
    return null;
  }
}

describe('transcoding a page', () => {
  test('gives the lines of the oracle for every item in every notation', () => {
    fc.assert(
      fc.property(pageArbitrary, ([items, style]) => {
        const body = Buffer.from(writePage(items, style));
        expect(ours(body)).toBe(items.map((item) => `${canonicalLine(item)}\n`).join(''));
      }),
      { numRuns: 1000, seed: 20_260_131 },
    );
  });

  test('refuses every cut of a page', () => {
    fc.assert(
      fc.property(pageArbitrary, fc.nat(), ([items, style], cut) => {
        const body = Buffer.from(writePage(items, { ...style, spaces: 'none' }));
        expect(ours(body.subarray(0, cut % body.length))).toBeNull();
      }),
      { numRuns: 600, seed: 7 },
    );
  });

  test('refuses altered bytes or reads them as a strict JSON parser does', () => {
    const structural = Buffer.from('{}[]:,"\\SNBMLOUtrue0129-+.eE/=u \x00\x1f\x7f\x80\xc3\xff', 'latin1');
    const change = fc.record({
      at: fc.nat(),
      kind: fc.constantFrom('set', 'insert', 'remove', 'repeat'),
      byte: fc.nat(),
    });
    let accepted = 0;
    fc.assert(
      fc.property(pageArbitrary, fc.array(change, { minLength: 1, maxLength: 3 }), ([items, style], changes) => {
        let body = Buffer.from(writePage(items, style));
        for (const { at, kind, byte } of changes) {
          const i = at % body.length;
          const value = structural.subarray(byte % structural.length, (byte % structural.length) + 1);
          const middle = { set: value, insert: value, remove: Buffer.alloc(0), repeat: body.subarray(i, i + 12) }[kind];
          const rest = kind === 'insert' || kind === 'repeat' ? i : i + 1;
          body = Buffer.concat([body.subarray(0, i), middle, body.subarray(rest)]);
        }
        const [mine, theirs] = [ours(body), oracle(body)];
        // We may refuse more, such as envelope fields that make no sense or escaped type keys, but never read otherwise.
        if (mine !== null) {
          accepted++;
          expect(mine).toBe(theirs);
        }
      }),
      { numRuns: 2000, seed: 42 },
    );
    expect(accepted).toBeGreaterThan(150);
  });
});
