import type { StoredSchema } from '../../model/stored-schema.ts';
import type { FinishVersion } from '../destination.ts';
import { memberName } from '../item-lines.ts';
import { keyTexts } from '../line-members.ts';
import { completeVersion, finishVersion } from '../table-ledger.ts';
import { emptyRows, type MemoryRow, type MemoryRows, setRow } from './memory-rows.ts';
import { type MemoryStore, saveTable, tableOf } from './memory-store.ts';

/** Ends a snapshot or a resync. */
export function finishMemoryVersion(
  store: MemoryStore,
  request: FinishVersion,
): { readonly rowCount: number; readonly sweptRows: number } {
  const ledger = tableOf(store, request);
  const { parts: all, schema } = completeVersion(ledger, request);
  const parts = request.deduplicateBy === null ? all : deduplicated(all, schema, request.deduplicateBy);
  const rows = { parts, rowCount: parts.byKey.size, liveRowCount: parts.liveCount };
  saveTable(store, finishVersion(ledger, request, rows));
  return { rowCount: parts.liveCount, sweptRows: 0 };
}

/** Keeps of each key the row that was read last; of rows read at once the one that came last. */
function deduplicated(all: MemoryRows, { columns }: StoredSchema, keyColumns: readonly string[]): MemoryRows {
  const members = columns
    .filter(({ columnName }) => columnName !== null && keyColumns.includes(columnName))
    .map(({ attribute }) => memberName(attribute));
  const winners = new Map<string | MemoryRow, MemoryRow>();
  for (const row of all.byKey.values()) {
    const texts = keyTexts(Buffer.from(row.line), members);
    const key = texts === null ? row : JSON.stringify(texts);
    const rival = winners.get(key);
    if (rival === undefined || rival.extractedAtMs <= row.extractedAtMs) winners.set(key, row);
  }
  const rows = emptyRows();
  for (const row of winners.values()) setRow(rows, String(rows.byKey.size), row);
  return rows;
}
