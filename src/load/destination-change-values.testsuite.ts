import { describe, expect, it } from 'vitest';
import type { DynamoItem, DynamoValue } from '../../test/support/dynamo-item.ts';
import { above, following, snapshotting } from '../../test/support/followed-table.ts';
import { ALL_TYPES, EVOLUTION, item, ODD_NAMES, order } from '../../test/support/load-samples.ts';
import { remove, upsert } from '../../test/support/stream-samples.ts';
import type { Subject } from '../../test/support/test-place.ts';
import type { TableKey } from '../model/table.ts';

const S = (text: string): DynamoValue => ({ S: text });
const N = (text: string): DynamoValue => ({ N: text });
const B = (base64: string): DynamoValue => ({ B: base64 });

/** Different keys that look alike, and spellings of one number that must not become two. */
const KEYS: readonly (readonly [string, TableKey, readonly DynamoItem[]])[] = [
  [
    'text',
    [{ name: 'id', type: 'S' }],
    ['a', 'A', 'a ', ' a', 'á', 'a\u0301', "it's", '"', '\\', '\n', 'null', '1', '😀', '\uffff', 'x'.repeat(2000)].map(
      (id) => ({ id: S(id) }),
    ),
  ],
  [
    'number',
    [{ name: 'id', type: 'N' }],
    [
      '0',
      '1',
      '-1',
      '0.5',
      '9007199254740992',
      '9007199254740993',
      '9223372036854775807',
      '9223372036854775808',
      '0.1',
      '99999999999999999999999999999999999999',
      '0.00000000000000000000000000000000000001',
      `1${'0'.repeat(125)}`,
      `0.${'0'.repeat(129)}1`,
    ].map((id) => ({ id: N(id) })),
  ],
  [
    'binary',
    [{ name: 'id', type: 'B' }],
    ['AA==', 'AAA=', 'AP8=', '/w==', 'YQ==', 'QQ=='].map((id) => ({ id: B(id) })),
  ],
  [
    'composite',
    [
      { name: 'hash', type: 'S' },
      { name: 'range', type: 'S' },
    ],
    ['a|bc', 'ab|c', 'a|b', '"a|b"', '[|]'].map((pair) => {
      const [hash = '', range = ''] = pair.split('|');
      return { hash: S(hash), range: S(range) };
    }),
  ],
  [
    'binary and numeric',
    [
      { name: 'hash', type: 'B' },
      { name: 'range', type: 'N' },
    ],
    ['AA==', 'AP8='].flatMap((hash) =>
      ['0', '-1', '0.25', '12345678901234567890'].map((range) => ({ hash: B(hash), range: N(range) })),
    ),
  ],
];

/** Keys find their rows, and values come back, while changes make the schema grow. */
export function testChangeValues(subject: () => Subject, isTransactional: boolean): void {
  describe('finding the row of a key', () => {
    it.each(KEYS)('that is %s', async (_, key, keys) => {
      const { loader, lane } = await snapshotting(subject(), { key });
      // A few keys a commit, so that the column of the key grows while it has rows.
      for (let n = 0; n < keys.length; n += 4) {
        const few = keys.slice(n, n + 4).map((one, index) => upsert({ ...one, v: N('1') }, above(n + index)));
        await lane.apply(few, 'after 1', loader.shards[0]);
      }
      const later = (n: number) => above(100 + n);
      const receipt = await lane.apply(
        keys.map((one, n) => upsert({ ...one, v: N('2') }, later(n))),
        'after 2',
        loader.shards[0],
      );
      expect(receipt).toMatchObject({ upsertedRows: keys.length, compactedRows: 0, rejectedRows: 0 });
      await subject().expectLive(
        loader,
        keys.map((one) => ({ ...one, v: N('2') })),
      );
      const [first = {}, ...rest] = keys;
      await lane.apply(
        rest.map((one, n) => remove(one, above(200 + n))),
        'after 3',
        loader.shards[0],
      );
      await lane.put([{ ...first, v: N('3') }, ...rest], 'end');
      await loader.finish(subject().destination, 1);
      expect(await subject().live(loader)).toHaveLength(keys.length);
      expect(await subject().stateOf(loader)).toMatchObject({ loading: { rowCount: keys.length } });
    });

    if (isTransactional) {
      it('in whatever digits its number is written', async () => {
        const { loader, lane } = await following(subject(), [{ id: N('150') }], { key: [{ name: 'id', type: 'N' }] });
        const spellings = ['1.5E2', '150.0', '+150', '0150'];
        for (const [n, id] of spellings.entries())
          await lane.apply([upsert({ id: N(id), v: N(String(n)) }, above(n))], 'after 1');
        await subject().expectLive(loader, [{ id: N('150'), v: N('3') }]);
        await lane.change([upsert({ id: N('1.5E2'), v: N('4') }, above(10))]);
        await lane.change([remove({ id: N('150') }, above(11))]);
        expect(await lane.commit('after 2')).toMatchObject({ compactedRows: 1, deletedRows: 1 });
        expect(await subject().live(loader)).toHaveLength(1);
      });
    }
  });

  describe('loading values of changes', () => {
    if (isTransactional) {
      it('gives back every type of attribute, of every name', async () => {
        const { loader, lane } = await following(subject(), [order(1)]);
        const named = item(
          'all',
          ODD_NAMES.map((attribute) => [attribute, S(attribute)] as const),
        );
        const items = [...ALL_TYPES, named];
        await lane.apply(
          items.map((one, n) => upsert(one, above(n))),
          'after 1',
        );
        await subject().expectLive(loader, [...items, order(1)]);
      });
    }

    it('follows a schema that grows under the rows of a live table', async () => {
      const items = EVOLUTION.map((attributes, n) => ({ id: S(`k${n}`), ...attributes }));
      const { loader, lane } = await following(subject(), items.slice(0, 1));
      for (const [n, one] of items.entries()) {
        await lane.apply([upsert(one, above(n))], `after ${n}`);
        if (n % 4 === 3) await subject().expectLive(loader, items.slice(0, n + 1));
      }
      expect(await subject().destination.runStore.readSchema('shop', 'orders')).toEqual(loader.schema()?.schema);
      // Each key takes on the values of another: all of them fit their columns by now.
      const exchanged = EVOLUTION.map((attributes, n) => ({ id: S(`k${(n * 3) % items.length}`), ...attributes }));
      await lane.apply(
        exchanged.map((one, n) => upsert(one, above(100 + n))),
        'after 100',
      );
      await subject().expectLive(loader, exchanged);
    });

    it('adds columns with a delete that has its last image, and for rows that are deleted', async () => {
      const { loader, lane } = await following(subject(), [order(1)]);
      await lane.apply([remove({ id: S('k2'), never: N('0.5'), seen: { M: { a: N('1') } } }, above(1))], 'after 1');
      await lane.apply(
        [remove({ id: S('k1') }, above(2)), upsert({ id: S('k3'), never: S('text') }, above(3))],
        'after 3',
      );
      await subject().expectLive(loader, [{ id: S('k3'), never: S('text') }]);
      const never = new Map(
        ((await subject().live(loader)) ?? []).map(({ cells }) => [cells.get('id'), cells.get('never')]),
      );
      expect([never.get('k1') ?? null, Number(never.get('k2')), never.get('k3')]).toEqual([null, 0.5, 'text']);
    });

    if (isTransactional) {
      it.each<[string, DynamoValue, readonly DynamoValue[]]>([
        ['appears', { NULL: true }, [N('7')]],
        ['becomes a decimal', N('7'), [N('0.25')]],
        ['becomes a text', N('7'), [S('seven')]],
        ['becomes a double and then a text', N('0.5'), [N(`1${'0'.repeat(120)}`), { M: { a: N('1') } }]],
        ['becomes JSON', { M: { a: N('1.50') } }, [S('text'), N('1.10'), { BOOL: true }]],
        ['was binary', B('AP8='), [S('text')]],
      ])('shows readers every row, before or after, while a column of the live table %s', async (_, before, values) => {
        const rows = Array.from({ length: 300 }, (_row, n): DynamoItem => ({ id: S(`k${n}`), v: before }));
        const { loader, lane } = await following(subject(), rows);
        let isDone = false;
        const reading = (async () => {
          const counts = new Set<number>();
          do counts.add((await subject().live(loader))?.length ?? -1);
          while (!isDone);
          return counts;
        })();
        for (const [n, value] of values.entries()) {
          const change = upsert({ id: S('changed'), v: value }, above(n));
          expect(await lane.apply([change], `after ${n}`)).toMatchObject({ upsertedRows: 1 });
        }
        isDone = true;
        expect([300, 301]).toEqual(expect.arrayContaining([...(await reading)]));
        const last = values.at(-1) ?? before;
        await subject().expectLive(loader, [...rows, { id: S('changed'), v: last }]);
        expect(await subject().stateOf(loader)).toMatchObject({ liveRowCount: 301 });
      });
    }
  });
}
