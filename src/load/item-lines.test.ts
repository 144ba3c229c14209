import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchMaker } from '../../test/support/batch.ts';
import { plainJson } from '../../test/support/cells.ts';
import type { DynamoItem } from '../../test/support/dynamo-item.ts';
import { canonicalJson, parseExactJson } from '../../test/support/exact-json.ts';
import { batchChanges, remove, upsert } from '../../test/support/stream-samples.ts';
import { deletedLine, itemLines, memberName } from './item-lines.ts';
import { memberTexts } from './line-members.ts';

const metadata = {
  batchedAtMs: Date.UTC(2030, 0, 1, 0, 0, 2),
  sequence: 1_700_000_000_000_001n,
  tableVersion: 3,
  hasDeletes: false,
};

describe('lines of items', () => {
  it('end in the metadata', () => {
    const batch = batchMaker(['id'])([{ id: { S: 'a' }, n: { N: '1.50' } }], Date.UTC(2030, 0, 1));
    expect(itemLines(batch, metadata).toString()).toBe(
      '{"id":"a","n":1.50,"_sdc_extracted_at":"2030-01-01T00:00:00.000Z",' +
        '"_sdc_received_at":"2030-01-01T00:00:00.001Z","_sdc_batched_at":"2030-01-01T00:00:02.000Z",' +
        '"_sdc_sequence":1700000000000001,"_sdc_table_version":3}\n',
    );
  });

  it('of a table that follows a stream say when their row was deleted, and changes have sequences of their own', () => {
    const makeBatch = batchMaker(['id']);
    const item = (id: string): DynamoItem => ({ id: { S: id } });
    const followed = { ...metadata, hasDeletes: true };
    const ends = (lines: Buffer): readonly string[] =>
      lines
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/,"_sdc_extracted_at".*?"_sdc_sequence":/, ' '));
    expect(ends(itemLines(makeBatch([item('a')], 0), followed))).toEqual([
      '{"id":"a" 1700000000000001,"_sdc_table_version":3,"_sdc_deleted_at":null,"_sdc_deleted_by":null}',
    ]);
    const createdAtMs = Date.UTC(2030, 0, 1);
    const changes = [
      upsert(item('a'), 2n ** 62n),
      remove(item('b'), 5n, { createdAtMs }),
      remove(item('c'), 6n, { kind: 'ttlDelete', createdAtMs }),
    ];
    const lines = itemLines(makeBatch(['a', 'b', 'c'].map(item), 0, batchChanges(changes)), followed);
    const at = '"_sdc_deleted_at":"2030-01-01T00:00:00.000Z"';
    expect(ends(lines)).toEqual([
      '{"id":"a" 4611686018427387904,"_sdc_table_version":3,"_sdc_deleted_at":null,"_sdc_deleted_by":null}',
      `{"id":"b" 5,"_sdc_table_version":3,${at},"_sdc_deleted_by":null}`,
      `{"id":"c" 6,"_sdc_table_version":3,${at},"_sdc_deleted_by":"ttl"}`,
    ]);
    const [first = ''] = lines.toString().split('\n');
    expect(deletedLine(first, createdAtMs)).toBe(first.replace('"_sdc_deleted_at":null', at));
  });

  it('hold every attribute exactly once, whatever its name, and its text can be taken out', () => {
    const name = fc.oneof(
      fc.constantFrom(
        '_sdc_sequence',
        'attr_sdc_sequence',
        'attrattr_sdc_sequence',
        '__proto__',
        'a"b',
        'line\nend',
        '\\',
      ),
      fc.string({ minLength: 1, maxLength: 8 }),
    );
    const value = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((S) => ({ S })),
      fc.constantFrom('0', '-1.5', '99999999999999999999999999999999999999').map((N) => ({ N })),
      fc.constant({ M: { '}': { L: [{ S: '","' }] } } }),
    );
    const attributes = fc.array(fc.tuple(name, value), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(attributes, { minLength: 1, maxLength: 4 }), (rows) => {
        const items = rows.map((row, n): DynamoItem => Object.fromEntries([['id', { S: `${n}` }], ...row]));
        const lines = itemLines(batchMaker(['id'])(items, 0), metadata)
          .toString()
          .split('\n');
        expect(lines.pop()).toBe('');
        for (const [index, item] of items.entries()) {
          const line = lines[index] ?? '';
          const parsed = parseExactJson(line);
          // Throws on a member that comes twice.
          canonicalJson(parsed);
          const members = new Map(parsed.kind === 'object' ? parsed.members : []);
          expect(members.size).toBe(Object.keys(item).length + 5);
          for (const [attribute, wanted] of Object.entries(item)) {
            const found = members.get(memberName(attribute));
            expect(found && canonicalJson(found)).toBe(canonicalJson(plainJson(wanted)));
            const [text] = memberTexts(Buffer.from(line), [memberName(attribute)]);
            expect(canonicalJson(parseExactJson(text ?? ''))).toBe(canonicalJson(plainJson(wanted)));
          }
          expect(memberTexts(Buffer.from(line), ['_sdc_sequence', 'missing'])).toEqual(['1700000000000001', undefined]);
        }
      }),
    );
  });
});
