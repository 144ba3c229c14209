import { expect } from 'vitest';
import { memberName } from '../../src/load/item-lines.ts';
import type { Column } from '../../src/model/column-plan.ts';
import { actualCell, expectedCell } from './cells.ts';
import type { DynamoItem } from './dynamo-item.ts';
import { canonicalJson, type ExactJson, parseExactJson } from './exact-json.ts';

/** A row of the live version as an independent reader finds it. */
export interface LiveRow {
  /**
   * The text of each cell by column name, null for NULL and for a column that is not there: numbers in any decimal form,
   * `true` or `false`, binary as base64, JSON text as it is stored.
   */
  readonly cells: ReadonlyMap<string, string | null>;
  readonly extractedAtMs: number;
  readonly receivedAtMs: number;
  readonly batchedAtMs: number;
  readonly sequence: bigint;
  readonly tableVersion: number;
  /** Null while the row is there, and in tables that follow no stream. */
  readonly deletedAtMs: number | null;
  readonly deletedBy: string | null;
}

/** The row that a line of JSON Lines stands for. */
export function rowOfLine(line: string, columns: readonly Column[]): LiveRow {
  const json = parseExactJson(line);
  if (json.kind !== 'object') throw new Error('The line is not a JSON object');
  const members = new Map(json.members);
  const cells = cellsOf(members, columns, memberName);
  const metadata = (name: string): string => {
    const member = members.get(name);
    if (member?.kind !== 'string' && member?.kind !== 'number') throw new Error(`The line has no ${name}`);
    return member.text;
  };
  return {
    cells,
    extractedAtMs: Date.parse(metadata('_sdc_extracted_at')),
    receivedAtMs: Date.parse(metadata('_sdc_received_at')),
    batchedAtMs: Date.parse(metadata('_sdc_batched_at')),
    sequence: BigInt(metadata('_sdc_sequence')),
    tableVersion: Number(metadata('_sdc_table_version')),
    ...deletionOf(members),
  };
}

/** The row that a Singer RECORD stands for: it has no metadata but the time of a delete. */
export function rowOfRecord(members: ReadonlyMap<string, ExactJson>, columns: readonly Column[]): LiveRow {
  const cells = cellsOf(members, columns, (attribute) => attribute);
  const unknown = { extractedAtMs: 0, receivedAtMs: 0, batchedAtMs: 0, sequence: 0n, tableVersion: 0 };
  return { cells, ...unknown, ...deletionOf(members) };
}

function cellsOf(
  members: ReadonlyMap<string, ExactJson>,
  columns: readonly Column[],
  memberOf: (attribute: string) => string,
): ReadonlyMap<string, string | null> {
  const cells = new Map<string, string | null>();
  for (const { name, attribute, type } of columns) {
    const member = members.get(memberOf(attribute));
    if (member === undefined || (member.kind === 'literal' && member.text === 'null')) cells.set(name, null);
    else if (member.kind === 'string' && type.kind !== 'json') cells.set(name, member.text);
    else cells.set(name, canonicalJson(member));
  }
  return cells;
}

/** A line says nothing of deletes where its table follows no stream. */
function deletionOf(members: ReadonlyMap<string, ExactJson>): Pick<LiveRow, 'deletedAtMs' | 'deletedBy'> {
  const text = (name: string): string | null => {
    const member = members.get(name);
    return member?.kind === 'string' ? member.text : null;
  };
  const deletedAt = text('_sdc_deleted_at');
  return { deletedAtMs: deletedAt === null ? null : Date.parse(deletedAt), deletedBy: text('_sdc_deleted_by') };
}

/** The rows that are not deleted. */
export function presentRows(rows: readonly LiveRow[] | null): readonly LiveRow[] {
  return (rows ?? []).filter(({ deletedAtMs }) => deletedAtMs === null);
}

/** The rows that are. */
export function deletedRows(rows: readonly LiveRow[] | null): readonly LiveRow[] {
  return (rows ?? []).filter(({ deletedAtMs }) => deletedAtMs !== null);
}

/** Compares whole multisets: every item once, every cell exactly or as its canonical text, no row and no cell besides. */
export function expectRows(
  rows: readonly LiveRow[] | null,
  items: readonly DynamoItem[],
  columns: readonly Column[],
): void {
  const keys = columns.filter(({ key }) => key !== null);
  const keyOf = (cell: (column: Column) => string | null): string => JSON.stringify(keys.map(cell));
  const byKey = new Map(
    items.map((item) => [keyOf(({ attribute, type }) => expectedCell(attributeOf(item, attribute), type)), item]),
  );
  const found = (rows ?? []).map((row) => {
    const raw = (name: string): string | null => row.cells.get(name) ?? null;
    const item = byKey.get(keyOf(({ name, type }) => actualCell(raw(name), type, undefined)));
    return Object.fromEntries(
      columns.map(({ name, attribute, type }) => [name, actualCell(raw(name), type, attributeOf(item, attribute))]),
    );
  });
  const wanted = items.map((item) =>
    Object.fromEntries(
      columns.map(({ name, attribute, type }) => [name, expectedCell(attributeOf(item, attribute), type)]),
    ),
  );
  expect(sorted(found)).toEqual(sorted(wanted));
}

function attributeOf(item: DynamoItem | undefined, attribute: string) {
  return item !== undefined && Object.hasOwn(item, attribute) ? item[attribute] : undefined;
}

function sorted(rows: readonly Record<string, string | null>[]): readonly Record<string, string | null>[] {
  const texts = new Map(rows.map((row) => [row, JSON.stringify(row)]));
  return [...rows].sort((a, b) => ((texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1));
}
