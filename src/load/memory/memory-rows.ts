import type { Batch } from '../../model/batch.ts';
import { ChangeKind } from '../../model/change.ts';
import type { ColumnPlan } from '../../model/column-plan.ts';
import { ATTRIBUTE_ID_SHIFT, Kind, TAPE_ENTRY_WORDS, type TapePage } from '../../model/tape.ts';
import { canonicalTextOf, kindOf, nextIndex } from '../../transcode/value.ts';
import { itemLines, type LineMetadata } from '../item-lines.ts';

/** The rows of a version. A commit changes them in place, in one synchronous step after all that could fail. */
export interface MemoryRows {
  /** Rows of a stream by the text of their key; others by a number. */
  readonly byKey: Map<string, MemoryRow>;
  /** Those that are not deleted. */
  liveCount: number;
}

export interface MemoryRow {
  /** The item and its metadata as JSON. */
  readonly line: string;
  readonly extractedAtMs: number;
  readonly sequence: bigint;
  readonly isDeleted: boolean;
}

/** A row on its way; null where it has no key that the table could hold. */
export interface IncomingRow {
  readonly key: string | null;
  readonly row: MemoryRow;
}

export function emptyRows(): MemoryRows {
  return { byKey: new Map(), liveCount: 0 };
}

/** Inserts, replaces or (with null) removes the row of a key. */
export function setRow(rows: MemoryRows, key: string, row: MemoryRow | null): void {
  const present = rows.byKey.get(key);
  if (present !== undefined && !present.isDeleted) rows.liveCount -= 1;
  if (row === null) {
    rows.byKey.delete(key);
    return;
  }
  if (!row.isDeleted) rows.liveCount += 1;
  rows.byKey.set(key, row);
}

/** The rows of a batch, in its order. */
export function incomingRows(batch: Batch, plan: ColumnPlan, metadata: LineMetadata): readonly IncomingRow[] {
  const { page, changes, extractedAtMs } = batch;
  const lines = itemLines(batch, metadata).toString().split('\n');
  const keyColumns = plan.columns.filter(({ key }) => key !== null);
  return Array.from({ length: page.rowCount }, (_, index) => ({
    key: keyOf(page, index, keyColumns),
    row: {
      line: lines[index] ?? '',
      extractedAtMs,
      sequence: changes?.sequences[index] ?? metadata.sequence,
      isDeleted: changes !== null && changes.kinds[index] !== ChangeKind.upsert,
    },
  }));
}

/** One text for equal keys. Null when an attribute of the key is missing or of another type than the table's. */
function keyOf(page: TapePage, row: number, keyColumns: ColumnPlan['columns']): string | null {
  const texts: (string | undefined)[] = keyColumns.map(() => undefined);
  const end = page.rowStarts[row + 1] ?? 0;
  for (let index = page.rowStarts[row] ?? end; index < end; index = nextIndex(page, index + TAPE_ENTRY_WORDS)) {
    // The attributes of the key have the first ids, in the order of its columns.
    const id = (page.tape[index] ?? 0) >>> ATTRIBUTE_ID_SHIFT;
    const column = keyColumns[id];
    if (column?.key == null || kindOf(page, index + TAPE_ENTRY_WORDS) !== Kind[column.key]) continue;
    texts[id] = canonicalTextOf(page, index + TAPE_ENTRY_WORDS);
  }
  return texts.includes(undefined) ? null : JSON.stringify(texts);
}
