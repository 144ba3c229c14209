import fc from 'fast-check';
import { expect, test } from 'vitest';
import { itemArbitrary, styleArbitrary, writePage } from '../../test/support/item-arbitrary.ts';
import { membersOf } from '../../test/support/oracle.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { rowsWith } from './rows-with.ts';
import { transcodeScanPage } from './scan-page.ts';

test('the rows with an attribute are those whose items have it at their top, whatever is in them', () => {
  fc.assert(
    fc.property(fc.array(itemArbitrary, { maxLength: 5 }), styleArbitrary, (items, style) => {
      const { page } = transcodeScanPage(Buffer.from(writePage(items, style)), createAttributeDictionary(['pk']));
      const namesOf = items.map((item) => new Set(membersOf(item).map(([name]) => name)));
      for (const name of new Set(['pk', 'nowhere', ...namesOf.flatMap((names) => [...names])])) {
        const expected = namesOf.flatMap((names, row) => (names.has(name) ? [row] : []));
        expect([...rowsWith(page, name)]).toEqual(expected);
      }
    }),
  );
});
