import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ExactJson, parseExactJson } from '../../test/support/exact-json.ts';
import { styleArbitrary, valueArbitrary, writePage } from '../../test/support/item-arbitrary.ts';
import { canonicalText, exactNumber, jsonText, Members, membersOf, plainDecimal } from '../../test/support/oracle.ts';
import type { Rendering } from '../model/record-frame.ts';
import type { StoredColumn } from '../model/stored-schema.ts';
import type { TableKey } from '../model/table.ts';
import { initialSchema, mergeObserved, planOf, type TableSchema } from '../schema/merge.ts';
import { createAttributeDictionary } from '../transcode/attribute-names.ts';
import { recordLines } from '../transcode/record-lines.ts';
import { transcodeScanPage } from '../transcode/scan-page.ts';
import { inferredSchema, type JsonSchema, type PropertySchema, renderingOf } from './json-schema.ts';

const key: TableKey = [{ name: 'pk', type: 'S' }];
const options = { key, capabilities: { numbers: 'lattice', maxColumns: 1000 } } as const;
const frame = { head: Buffer.from('{'), tail: Buffer.from('}\n') };

function emptySchema(): TableSchema {
  const schema = initialSchema(key);
  return { schema, plan: planOf(schema, options) };
}

/** What a run makes of pages one after the other: after each its schema, and its items with their lines. */
function infer(pages: readonly (readonly Members[])[], style: Parameters<typeof writePage>[1] = LEAST) {
  const names = createAttributeDictionary(['pk']);
  let current = emptySchema();
  return pages.map((items) => {
    const { page } = transcodeScanPage(Buffer.from(writePage(items, style)), names);
    current = mergeObserved(current, page, options);
    const { columns } = current.schema;
    const lines = recordLines(page, { frame, renderings: renderingsById(columns, names) });
    return { items, columns, schema: inferredSchema(columns, { key, hasDeletes: false }), lines: lines.toString() };
  });
}

function renderingsById(
  columns: readonly StoredColumn[],
  names: { readonly size: number; name(id: number): string },
): Map<number, Rendering> {
  const renderings = new Map<number, Rendering>();
  for (let id = 0; id < names.size; id++) {
    const column = columns.find(({ attribute }) => attribute === names.name(id));
    const rendering = column === undefined ? null : renderingOf(column);
    if (rendering !== null) renderings.set(id, rendering);
  }
  return renderings;
}

const LEAST = { spaces: 'none', escapes: 'least', seed: 1 } as const;

/** The schema of an attribute `a` that has had these values. */
function schemaOf(...values: readonly Readonly<Record<string, unknown>>[]): PropertySchema | undefined {
  return schemaAfter(...values)?.properties['a'];
}

function schemaAfter(...values: readonly Readonly<Record<string, unknown>>[]): JsonSchema | undefined {
  return infer(values.map((value) => [itemWith(new Members(Object.entries(value)))])).at(-1)?.schema;
}

function itemWith(value: Members, name = 'a'): Members {
  return new Members([
    ['pk', new Members([['S', 'x']])],
    [name, value],
  ]);
}

const pagesArbitrary = fc.array(
  fc.array(
    fc
      .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', '__proto__', '1'), valueArbitrary), {
        selector: ([name]) => name,
      })
      .map((members) => new Members([['pk', new Members([['S', 'x']])], ...members])),
    { minLength: 1, maxLength: 3 },
  ),
  { minLength: 1, maxLength: 6 },
);

describe('an inferred schema', () => {
  test('describes every record that is rendered under it, and the record holds the exact values', () => {
    fc.assert(
      fc.property(pagesArbitrary, styleArbitrary, (pages, style) => {
        for (const { items, columns, schema, lines } of infer(pages, style)) {
          const records = lines.split('\n').slice(0, -1);
          expect(records).toHaveLength(items.length);
          for (const [row, line] of records.entries()) {
            expectValid(parseExactJson(line), schema);
            expectExact(line, { item: items[row] ?? new Members([]), columns });
          }
        }
      }),
      { numRuns: 150, seed: 17 },
    );
  });

  test('never narrows, whatever comes', () => {
    fc.assert(
      fc.property(pagesArbitrary, (pages) => {
        const schemas = infer(pages).map(({ schema }) => schema);
        for (const [n, schema] of schemas.entries()) {
          const before = schemas[n - 1];
          for (const [name, property] of Object.entries(before?.properties ?? {})) {
            const next = own(schema.properties, name);
            if (breadthOf(property) === breadthOf(next)) expect(next).toEqual(property);
            else expect(breadthOf(next)).toBeGreaterThan(breadthOf(property));
          }
        }
      }),
      { numRuns: 150, seed: 19 },
    );
  });

  test('has a property of one type for each attribute, keys without null', () => {
    expect(schemaAfter({ BOOL: true })).toEqual({
      type: 'object',
      properties: { pk: { type: ['string'] }, a: { type: ['null', 'boolean'] } },
    });
    expect(schemaOf({ S: 'x' })).toEqual({ type: ['null', 'string'] });
    expect(schemaOf({ B: 'AA==' })).toEqual({ type: ['null', 'string'], contentEncoding: 'base64' });
    expect(schemaOf({ M: new Members([]) }, { L: [] }, { NULL: true })).toEqual({ type: ['null', 'object', 'array'] });
    expect(schemaOf({ NULL: true })).toBeUndefined();
  });

  test('has text for attributes of several kinds', () => {
    expect(schemaOf({ BOOL: true }, { N: '1' })).toEqual({ type: ['null', 'string'] });
    expect(schemaOf({ B: 'AA==' }, { N: '1' })).toEqual({ type: ['null', 'string'] });
    expect(schemaOf({ L: [] }, { S: 'x' })).toEqual({ type: ['null', 'string'] });
  });

  test('has decimal text for numbers that a double might not hold', () => {
    const decimal = { type: ['null', 'string'], format: 'singer.decimal' };
    const number = { type: ['null', 'number'] };
    expect(schemaOf({ N: '123456789012345' }, { N: '1.5' }, { N: '0.30000000000000004' })).toEqual(number);
    expect(schemaOf({ N: '0.300000000000000041' }, { N: '1' })).toEqual(decimal);
    // A double holds this one, but hardly the one after it.
    expect(schemaOf({ N: '9007199254740994' }, { N: '1' }, { N: '0.5' })).toEqual(decimal);
    expect(schemaOf({ N: '1E+30' }, { S: 'x' })).toEqual({ type: ['null', 'string'] });
  });

  test('has the time of deletion where a table follows its stream', () => {
    const { columns } = emptySchema().schema;
    expect(inferredSchema(columns, { key, hasDeletes: true }).properties).toEqual({
      pk: { type: ['string'] },
      _sdc_deleted_at: { type: ['null', 'string'], format: 'date-time' },
    });
  });
});

function own<Value>(object: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** What a property of a lower number may become is one of a higher number. */
function breadthOf(property: PropertySchema | undefined): number {
  if (property === undefined) return 0;
  if (property.format === 'singer.decimal') return 2;
  return property.type.includes('string') && property.contentEncoding === undefined ? 3 : 1;
}

/** As much of JSON Schema as ours uses; every member but NULL must have a property. */
function expectValid(record: ExactJson, schema: JsonSchema): void {
  if (record.kind !== 'object') throw new Error('A record is an object');
  for (const [name, value] of record.members) {
    const property = own(schema.properties, name);
    if (property === undefined) expect([name, value]).toEqual([name, { kind: 'literal', text: 'null' }]);
    else expect(property.type, name).toContain(jsonTypeOf(value));
    if (value.kind !== 'string') continue;
    if (property?.format === 'singer.decimal') expect(plainDecimal(value.text)).toBe(value.text);
    if (property?.contentEncoding === 'base64') {
      expect(Buffer.from(value.text, 'base64').toString('base64')).toBe(value.text);
    }
  }
}

function jsonTypeOf(value: ExactJson): string {
  if (value.kind !== 'literal') return value.kind;
  return value.text === 'null' ? 'null' : 'boolean';
}

/** The members of a line are what the oracle says of the item; what is written as a number survives a double. */
function expectExact(line: string, { item, columns }: { item: Members; columns: readonly StoredColumn[] }): void {
  const members = membersOf(item).map(([name, value]) => {
    const column = columns.find(({ attribute }) => attribute === name);
    const text = canonicalText(value);
    const rendering = column === undefined ? null : renderingOf(column);
    if (column?.evidence.family === 'number' && rendering === null && text !== null) {
      expect(exactNumber(String(Number(text)))).toEqual(exactNumber(text));
    }
    return `${JSON.stringify(name)}:${rendering === null || text === null ? jsonText(value) : JSON.stringify(text)}`;
  });
  expect(line).toBe(`{${members.join(',')}}`);
}
