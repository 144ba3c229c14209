import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableKey } from '../model/table.ts';
import { type AttributeObservation, ObservedKind } from '../model/tape.ts';
import { initialSchema, mergeObserved, planOf, type SchemaOptions, type TableSchema } from './merge.ts';

const key: TableKey = [
  { name: 'customerId', type: 'S' },
  { name: 'customer_id', type: 'N' },
];
const options: SchemaOptions = { key, capabilities: { numbers: 'lattice', maxColumns: 6 } };

describe('a new table', () => {
  it('has its key columns, of the types of the key', () => {
    const { plan } = fresh();
    expect(plan.columns.map(({ attribute, type, key: keyType }) => [attribute, type.kind, keyType])).toEqual([
      ['customerId', 'text', 'S'],
      ['customer_id', 'bigint', 'N'],
    ]);
    expect(new Set(plan.columns.map(({ name }) => name)).size).toBe(2);
  });
});

describe('merging a page', () => {
  it('returns the same objects when the page shows nothing new', () => {
    const first = merge(fresh(), { total: number({ integerDigits: 3 }), note: observation(0) });
    const second = merge(first, { total: number({ integerDigits: 2 }), note: observation(0) });
    expect(second.schema).toBe(first.schema);
    expect(second.plan).toBe(first.plan);
    expect(second.changes).toEqual([]);
  });

  it('raises the version with evidence alone, so that it is stored, but reports no change', () => {
    const first = merge(fresh(), { total: number({ integerDigits: 3 }) });
    const second = merge(first, { total: number({ integerDigits: 9 }) });
    expect(second.plan.schemaVersion).toBe(first.plan.schemaVersion + 1);
    expect(second.schema.schemaVersion).toBe(second.plan.schemaVersion);
    expect(second.plan.columns).toEqual(first.plan.columns);
    expect(second.changes).toEqual([]);
  });

  it('adds columns at the end and widens them in place', () => {
    const first = merge(fresh(), { total: number({ integerDigits: 3 }), status: observation(ObservedKind.text) });
    const second = merge(first, {
      added: observation(ObservedKind.json),
      total: number({ integerDigits: 3, scale: 3 }),
    });
    expect(first.changes).toEqual([
      { column: 'total', attribute: 'total', from: null, to: { kind: 'bigint' } },
      { column: 'status', attribute: 'status', from: null, to: { kind: 'text' } },
    ]);
    expect(second.changes).toEqual([
      { column: 'total', attribute: 'total', from: { kind: 'bigint' }, to: { kind: 'decimal', scale: 4 } },
      { column: 'added', attribute: 'added', from: null, to: { kind: 'json' } },
    ]);
    expect(second.plan.columns.slice(2).map(({ name }) => name)).toEqual(['total', 'status', 'added']);
  });

  it('gives an attribute that is only NULL no column until a value comes, and then the last place', () => {
    const first = merge(fresh(), { empty: observation(0), status: observation(ObservedKind.text) });
    expect(first.plan.columns.map(({ attribute }) => attribute)).not.toContain('empty');
    expect(first.schema.columns.at(-1)).toMatchObject({ attribute: 'empty', columnName: null });
    const second = merge(first, { empty: observation(ObservedKind.boolean), later: observation(ObservedKind.text) });
    expect(second.plan.columns.slice(2).map(({ name }) => name)).toEqual(['status', 'empty', 'later']);
  });

  it('gives attributes that want one name different columns', () => {
    const { plan } = merge(fresh(), { 'a.b': observation(1), 'a b': observation(1), a_b: observation(1) });
    expect(plan.columns[2]?.name).toBe('a_b');
    expect(new Set(plan.columns.map(({ name }) => name)).size).toBe(5);
  });

  it('refuses one column more than the destination holds, and changes nothing', () => {
    const full = merge(fresh(), { a: observation(1), b: observation(1), c: observation(1), d: observation(1) });
    expect(() => merge(full, { e: observation(1) })).toThrow(/holds 6 columns/);
    // Only NULL, or a known attribute, needs no column.
    expect(merge(full, { e: observation(0), a: number({ scale: 1 }) }).plan.columns).toHaveLength(6);
  });

  it('keeps names, types and order when the schema is stored and read again at any point', () => {
    const names = ['aB', 'a_b', 'a.b', 'x'];
    const page = fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 0, max: 31 }).map(observation));
    fc.assert(
      fc.property(fc.array(page, { maxLength: 6 }), (pages) => {
        let inMemory = fresh();
        let stored = fresh();
        for (const observed of pages) {
          const before = inMemory.plan;
          inMemory = merge(inMemory, observed);
          const schema = structuredClone(stored.schema);
          stored = merge({ schema, plan: planOf(schema, options) }, observed);
          expect(stored).toEqual(inMemory);
          expect(inMemory.plan.columns.slice(0, before.columns.length).map(({ name }) => name)).toEqual(
            before.columns.map(({ name }) => name),
          );
        }
      }),
    );
  });
});

function fresh(): TableSchema {
  const schema = initialSchema(key);
  return { schema, plan: planOf(schema, options) };
}

function merge({ schema, plan }: TableSchema, observed: Record<string, AttributeObservation>) {
  const names = Object.keys(observed);
  const attributes = { size: names.length, name: (id: number) => names[id] ?? '' };
  return mergeObserved({ schema, plan }, { observed: Object.values(observed), attributes }, options);
}

function number(extents: Partial<AttributeObservation>): AttributeObservation {
  return { ...observation(ObservedKind.number), ...extents };
}

function observation(kinds: number): AttributeObservation {
  return {
    kinds,
    presentCount: 1,
    nullCount: kinds === 0 ? 1 : 0,
    integerDigits: 0,
    scale: 0,
    beyondInt64: false,
    doubleExact: true,
  };
}
