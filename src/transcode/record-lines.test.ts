import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { itemArbitrary, styleArbitrary, writePage } from '../../test/support/item-arbitrary.ts';
import { canonicalLine, canonicalText, jsonText, Members, membersOf, typed } from '../../test/support/oracle.ts';
import type { Rendering } from '../model/record-frame.ts';
import type { TapePage } from '../model/tape.ts';
import { createAttributeDictionary } from './attribute-names.ts';
import { recordLines } from './record-lines.ts';
import { transcodeScanPage } from './scan-page.ts';

const frame = { head: Buffer.from('{"type":"RECORD","record":{'), tail: Buffer.from(',"řádek":null}}\n') };
const leastStyle = { spaces: 'none', escapes: 'least', seed: 1 } as const;
const renderingArbitrary = fc.constantFrom<(Rendering | null)[]>('number-text', 'text', null);

function pageOf(items: readonly Members[], style: Parameters<typeof writePage>[1] = leastStyle): TapePage {
  return transcodeScanPage(Buffer.from(writePage(items, style)), createAttributeDictionary(['pk'])).page;
}

function item(members: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Members {
  return new Members(Object.entries(members).map(([name, value]) => [name, new Members(Object.entries(value))]));
}

/** The line of an item as the oracle has it, under a rendering for each attribute. */
function oracleLine(row: Members, tail: string, renderingOf: (name: string) => Rendering | null): string {
  const members = membersOf(row).map(([name, value]) => {
    const rendering = renderingOf(name);
    const isText = rendering === 'text' || (rendering === 'number-text' && typed(value)[0] === 'N');
    const json = isText ? JSON.stringify(canonicalText(value)) : jsonText(value);
    return `${JSON.stringify(name)}:${json}`;
  });
  return `${frame.head}${members.join(',')}${members.length === 0 && tail.startsWith(',') ? tail.slice(1) : tail}`;
}

describe('lines of records', () => {
  test('hold what the oracle says of every item, within their frame', () => {
    fc.assert(
      fc.property(fc.array(itemArbitrary, { maxLength: 5 }), styleArbitrary, (items, style) => {
        const lines = recordLines(pageOf(items, style), { frame }).toString();
        expect(lines).toBe(items.map((row) => oracleLine(row, frame.tail.toString(), () => null)).join(''));
        // And so each of them is JSON that can be read.
        for (const line of lines.split('\n').slice(0, -1)) expect(JSON.parse(line)).toHaveProperty('type', 'RECORD');
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test('are rendered as the oracle says, each with its own tail', () => {
    const renderings = fc.array(renderingArbitrary, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(itemArbitrary, { maxLength: 5 }), styleArbitrary, renderings, (items, style, wanted) => {
        const page = pageOf(items, style);
        const ids = new Map<string, number>();
        for (let id = 0; id < page.attributes.size; id++) ids.set(page.attributes.name(id), id);
        const renderingOf = (name: string): Rendering | null => wanted[(ids.get(name) ?? 0) % wanted.length] ?? null;
        const byId = new Map<number, Rendering>();
        for (const [name, id] of ids) {
          const rendering = renderingOf(name);
          if (rendering !== null) byId.set(id, rendering);
        }
        const tails = items.map((_, row) =>
          row % 2 === 0 ? '}}\n' : `,"_sdc_deleted_at":"${'9'.repeat(row * 50)}"}}\n`,
        );
        const tailOf = (row: number): Buffer => Buffer.from(tails[row] ?? '');
        const lines = recordLines(page, { frame, tailOf, renderings: byId }).toString();
        expect(lines).toBe(items.map((row, n) => oracleLine(row, tails[n] ?? '', renderingOf)).join(''));
      }),
      { numRuns: 800, seed: 5 },
    );
  });

  test('hold numbers digit for digit, as text in plain form', () => {
    const page = pageOf([
      item({ pk: { S: 'a' }, n: { N: '0.10' }, e: { N: '1E+30' }, z: { N: '-0' }, i: { N: '12' } }),
    ]);
    expect(recordLines(page, { frame: { head: Buffer.from('{'), tail: Buffer.from('}\n') } }).toString()).toBe(
      '{"pk":"a","n":0.10,"e":1E+30,"z":-0,"i":12}\n',
    );
    const renderings = new Map([1, 2, 3, 4].map((id) => [id, 'number-text' as const]));
    expect(recordLines(page, { frame, renderings }).toString()).toBe(
      `${frame.head}"pk":"a","n":"0.1","e":"1${'0'.repeat(30)}","z":"0","i":"12"${frame.tail}`,
    );
  });

  test('are the same in the memory of an earlier answer, whether that is large enough or not', () => {
    fc.assert(
      fc.property(fc.array(fc.array(itemArbitrary, { maxLength: 5 }), { maxLength: 4 }), (pages) => {
        let over: Buffer | null = null;
        for (const items of pages) {
          over = recordLines(pageOf(items), { frame, over });
          expect(over.toString()).toBe(recordLines(pageOf(items), { frame }).toString());
        }
      }),
    );
    const [long, short] = [pageOf([item({ pk: { S: 'x'.repeat(1_000) } })]), pageOf([item({ pk: { S: 'y' } })])];
    const first = recordLines(long, { frame });
    expect(recordLines(short, { frame, over: first }).buffer).toBe(first.buffer);
  });

  test('have no comma too many where an item has no members', () => {
    expect(recordLines(pageOf([new Members([])]), { frame }).toString()).toBe(
      '{"type":"RECORD","record":{"řádek":null}}\n',
    );
  });

  test('have room for their frames, and for numbers and texts that are many times as long as their page', () => {
    const short = item({ pk: { N: '1' } });
    for (let count = 0; count <= 40; count++) {
      const numbers = Array.from({ length: count }, (_, n) => `+${n + 1}E120`);
      for (const rendering of [null, 'text'] as const) {
        const renderings = new Map(rendering === null ? [] : [[0, rendering]]);
        // The long one first: its room must not be that of the frames behind it.
        const rows = [item({ pk: { NS: numbers } }), ...Array.from({ length: 40 }, () => short)];
        const expected = rows.map((row) => oracleLine(row, frame.tail.toString(), () => rendering));
        expect(recordLines(pageOf(rows), { frame, renderings }).toString()).toBe(expected.join(''));
      }
    }
  });

  test('are as many as the page has rows, also where it has none', () => {
    expect(recordLines(pageOf([]), { frame })).toHaveLength(0);
  });

  test('are those of the canonical item without a frame of more', () => {
    const row = item({ pk: { S: 'a' }, m: { M: new Members([]) } });
    const plain = { head: Buffer.from('{'), tail: Buffer.from('}\n') };
    expect(recordLines(pageOf([row]), { frame: plain }).toString()).toBe(`${canonicalLine(row)}\n`);
  });
});
