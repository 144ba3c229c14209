import type { Capabilities } from '../model/capabilities.ts';
import { type Column, type ColumnPlan, type ColumnType, sameType } from '../model/column-plan.ts';
import type { AttributeEvidence, StoredColumn, StoredSchema } from '../model/stored-schema.ts';
import type { KeyType, TableKey } from '../model/table.ts';
import { type Observed, ObservedKind, type TapePage } from '../model/tape.ts';
import { TributaryError } from '../platform/errors.ts';
import { addObservation, columnTypeOf, NO_EVIDENCE } from './lattice.ts';
import { columnName } from './naming.ts';

/** A schema and the plan that follows from it; both carry the same schemaVersion. */
export interface TableSchema {
  readonly schema: StoredSchema;
  readonly plan: ColumnPlan;
}

/** A column that came (`from` is null) or became wider. */
export interface ColumnChange {
  readonly column: string;
  readonly attribute: string;
  readonly from: ColumnType | null;
  readonly to: ColumnType;
}

export interface SchemaOptions {
  readonly key: TableKey;
  readonly capabilities: Pick<Capabilities, 'numbers' | 'maxColumns'>;
}

const KEY_EVIDENCE: Record<KeyType, AttributeEvidence> = {
  S: { ...NO_EVIDENCE, kinds: ObservedKind.text, family: 'text' },
  N: { ...NO_EVIDENCE, kinds: ObservedKind.number, family: 'number' },
  B: { ...NO_EVIDENCE, kinds: ObservedKind.binary, family: 'binary' },
};

/** The schema of a table that was never read: its key columns. */
export function initialSchema(key: TableKey): StoredSchema {
  const columns: StoredColumn[] = [];
  for (const { name, type } of key) {
    columns.push({
      attribute: name,
      columnName: columnName(name, namesOf(columns)),
      evidence: KEY_EVIDENCE[type],
    });
  }
  return { schemaVersion: 1, columns };
}

/** The plan of a stored schema: the same names and types as when it was stored. */
export function planOf(schema: StoredSchema, { key, capabilities }: SchemaOptions): ColumnPlan {
  const keyTypes = new Map(key.map(({ name, type }) => [name, type]));
  const columns: Column[] = [];
  for (const { attribute, columnName: name, evidence } of schema.columns) {
    const type = columnTypeOf(evidence, capabilities);
    if (name === null || type === null) continue;
    columns.push({ name, attribute, type, key: keyTypes.get(attribute) ?? null });
  }
  return { schemaVersion: schema.schemaVersion, columns };
}

/**
 * What a page showed, taken into the schema. Returns the given objects themselves when the page shows nothing new (compare
 * with `===`), else a schema and a plan with the next schemaVersion, also where only evidence grew: it must be stored, or a
 * resumed version would judge later numbers without the digits of earlier ones. `changes` is what a destination has to
 * alter. Attributes appear in the plan in the order in which they got their columns; those that are only NULL get none.
 * Rejects with SCHEMA_TOO_WIDE when the destination cannot hold another column; nothing is changed then.
 */
export function mergeObserved(
  current: TableSchema,
  { observed, attributes }: Pick<TapePage, 'observed' | 'attributes'>,
  options: SchemaOptions,
): TableSchema & { readonly changes: readonly ColumnChange[] } {
  const grown = grownColumns(current.schema, { observed, attributes });
  if (grown.size === 0) return { ...current, changes: [] };
  const schema = {
    schemaVersion: current.schema.schemaVersion + 1,
    columns: withGrown(current.schema.columns, grown, options),
  };
  const plan = planOf(schema, options);
  return { schema, plan, changes: changesBetween(current.plan, plan) };
}

/** New evidence by attribute, only where it differs, in the order of the attribute ids. */
function grownColumns(
  { columns }: StoredSchema,
  { observed, attributes }: { readonly observed: Observed; readonly attributes: TapePage['attributes'] },
): Map<string, AttributeEvidence> {
  const known = new Map(columns.map((column) => [column.attribute, column.evidence]));
  const grown = new Map<string, AttributeEvidence>();
  observed.forEach((observation, id) => {
    if (observation === undefined) return;
    const attribute = attributes.name(id);
    const evidence = known.get(attribute);
    const next = addObservation(evidence ?? NO_EVIDENCE, observation);
    if (next !== evidence) grown.set(attribute, next);
  });
  return grown;
}

function withGrown(
  columns: readonly StoredColumn[],
  grown: ReadonlyMap<string, AttributeEvidence>,
  { capabilities }: SchemaOptions,
): readonly StoredColumn[] {
  const named = columns.filter(({ columnName: name }) => name !== null);
  const waiting = columns.filter(({ attribute, columnName: name }) => name === null && !grown.has(attribute));
  const kept = named.map((column) => {
    const evidence = grown.get(column.attribute);
    return evidence === undefined ? column : { ...column, evidence };
  });
  const taken = new Set(namesOf(named));
  const keptAttributes = new Set(named.map(({ attribute }) => attribute));
  const added: StoredColumn[] = [];
  for (const [attribute, evidence] of grown) {
    if (keptAttributes.has(attribute)) continue;
    if (evidence.family === null) {
      waiting.push({ attribute, columnName: null, evidence });
      continue;
    }
    if (taken.size >= capabilities.maxColumns) throw tooWide(attribute, capabilities.maxColumns);
    const name = columnName(attribute, taken);
    taken.add(name);
    added.push({ attribute, columnName: name, evidence });
  }
  return [...kept, ...added, ...waiting];
}

function namesOf(columns: readonly StoredColumn[]): Set<string> {
  return new Set(columns.flatMap(({ columnName: name }) => (name === null ? [] : [name])));
}

function changesBetween(before: ColumnPlan, after: ColumnPlan): readonly ColumnChange[] {
  const typesBefore = new Map(before.columns.map(({ attribute, type }) => [attribute, type]));
  return after.columns.flatMap(({ name, attribute, type }) => {
    const from = typesBefore.get(attribute) ?? null;
    return from !== null && sameType(from, type) ? [] : [{ column: name, attribute, from, to: type }];
  });
}

function tooWide(attribute: string, maxColumns: number): TributaryError {
  return new TributaryError(
    'SCHEMA_TOO_WIDE',
    `The attribute "${attribute}" needs a column of its own, but the destination holds ${maxColumns} columns a table`,
    { context: { attribute, maxColumns } },
  );
}
