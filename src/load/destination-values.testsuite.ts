import { describe, expect, it } from 'vitest';
import { ALL_TYPES, EVOLUTION, item, ODD_NAMES, order } from '../../test/support/load-samples.ts';
import { behind, tableLoader } from '../../test/support/table-loader.ts';
import type { Subject } from '../../test/support/test-place.ts';

/** Values, names and types come back as they went in, while the schema grows. */
export function testValues(subject: () => Subject, isTransactional: boolean): void {
  describe('holding values', () => {
    it('gives back every type of attribute', async () => {
      const loader = tableLoader();
      await loader.replace(subject().destination, 1, ALL_TYPES);
      await subject().expectLive(loader, ALL_TYPES);
    });

    it('follows a schema that grows between commits and within one', async () => {
      const loader = tableLoader({ totalSegments: 1 });
      await loader.begin(subject().destination, 1);
      const lane = await loader.open(subject().destination, 1);
      const items = EVOLUTION.map((attributes, n) => ({ id: { S: `k${n}` }, ...attributes }));
      for (const [index, item] of items.entries()) {
        await lane.write([item]);
        // Every third commit holds pages from before and after a change.
        if (index % 3 !== 1) await lane.commit(behind(index));
      }
      await lane.commit('end');
      await loader.finish(subject().destination, 1);
      await subject().expectLive(loader, items);
      expect(await subject().destination.runStore.readSchema('shop', 'orders')).toEqual(loader.schema()?.schema);
      // The next version begins with the whole schema and takes the first values again.
      await loader.replace(subject().destination, 2, items.slice(0, 9).reverse());
      await subject().expectLive(loader, items.slice(0, 9));
    });

    if (isTransactional) {
      it('takes any attribute name', async () => {
        const loader = tableLoader();
        const items = ODD_NAMES.map((attribute, n) =>
          item(`k${n}`, [
            [attribute, { S: attribute }],
            ['n', { N: `${n}` }],
          ]),
        );
        const all = item(
          'all',
          ODD_NAMES.map((attribute) => [attribute, { S: attribute }] as const),
        );
        await loader.replace(subject().destination, 1, [...items, all]);
        await subject().expectLive(loader, [...items, all]);
      });
    }

    it('keeps binary and numeric keys exact', async () => {
      const loader = tableLoader({
        key: [
          { name: 'hash', type: 'B' },
          { name: 'range', type: 'N' },
        ],
      });
      const numbers = ['0', '-1', '9223372036854775807', '99999999999999999999999999999999999999', '0.000000001'];
      const items = numbers.flatMap((N) =>
        ['', 'AP8=', 'AA=='].map((B) => ({ hash: { B: B || 'AQ==' }, range: { N } })),
      );
      await loader.replace(subject().destination, 1, items);
      await subject().expectLive(loader, items);
    });

    if (isTransactional) {
      it('loses no row whose key is missing or of another type: it is loaded or rejected, and never a duplicate', async () => {
        const loader = tableLoader({ totalSegments: 1 });
        await loader.begin(subject().destination, 1);
        const lane = await loader.open(subject().destination, 1);
        const odd = [{ n: { N: '1' } }, { n: { N: '2' } }, { id: { N: '1' } }, { id: { NULL: true } }] as const;
        const { upsertedRows, rejectedRows } = await lane.put([order(1), { id: { S: '1' } }, ...odd], 'end');
        expect(upsertedRows + rejectedRows).toBe(6);
        const finished = await loader.finish(subject().destination, 1, { deduplicateBy: ['id'] });
        expect(finished).toEqual({ rowCount: upsertedRows, sweptRows: 0 });
        expect(await subject().live(loader)).toHaveLength(upsertedRows);
      });
    }

    if (isTransactional) {
      it('shows a few rows of the live version as JSON', async () => {
        const loader = tableLoader();
        await loader.replace(subject().destination, 1, [order(1), order(2), order(3)]);
        const rows = await subject().destination.sample(loader.target, 2);
        expect(rows).toHaveLength(2);
        for (const row of rows)
          expect(JSON.parse(row)).toMatchObject({ id: expect.stringMatching(/^k[123]$/), status: 'PAID' });
      });
    }
  });
}
