import type { Gap } from '../../model/gap.ts';
import type { StoredSchema } from '../../model/stored-schema.ts';
import type { FinishChanges, FinishVersion } from '../destination.ts';
import { deletedLine, memberName } from '../item-lines.ts';
import { keyTexts, memberTexts } from '../line-members.ts';
import { completeVersion, finishVersion, type LoadingLedger } from '../table-ledger.ts';
import { emptyRows, type MemoryRow, type MemoryRows, setRow } from './memory-rows.ts';
import { type MemoryStore, type MemoryTable, saveTable, tableOf } from './memory-store.ts';

interface Finished {
  readonly rowCount: number;
  readonly sweptRows: number;
}

/** Ends a snapshot or a resync. Nothing is changed before everything that can fail. */
export function finishMemoryVersion(store: MemoryStore, request: FinishVersion): Finished {
  const ledger = tableOf(store, request);
  const loading = completeVersion(ledger, request);
  if (request.changes !== null)
    return finishFollowed(store, { ledger, loading }, { ...request, changes: request.changes });
  const { parts: all, schema } = loading;
  const parts = request.deduplicateBy === null ? all : deduplicated(all, schema, request.deduplicateBy);
  saveTable(
    store,
    finishVersion(ledger, request, { parts, rowCount: parts.byKey.size, liveRowCount: parts.liveCount }),
    resolvedGaps(store, request),
  );
  return { rowCount: parts.liveCount, sweptRows: 0 };
}

/** Sweeps the rows that no reading has shown and removes the tombstones of hard deletes. */
function finishFollowed(
  store: MemoryStore,
  { ledger, loading }: { readonly ledger: MemoryTable; readonly loading: LoadingLedger<MemoryRows> },
  request: FinishVersion & { readonly changes: FinishChanges },
): Finished {
  const { changes } = request;
  const isHard = changes.deletes === 'hard';
  const { parts, stream } = loading;
  const rows = [...parts.byKey];
  const swept = rows.filter(([, row]) => isUnseen(row, loading) && !isExpired(row, loading, changes.keepExpiredBy));
  const tombstones = isHard ? rows.filter(([, row]) => row.isDeleted) : [];
  const liveRowCount = parts.liveCount - swept.length;
  const rowCount = parts.byKey.size - tombstones.length - (isHard ? swept.length : 0);
  saveTable(store, finishVersion(ledger, request, { parts, rowCount, liveRowCount }), resolvedGaps(store, request));
  // Without a gap nothing can be unseen.
  const deletedAtMs = stream?.gapEndMs ?? changes.caughtUpWithMs ?? request.nowMs;
  for (const [key] of tombstones) setRow(parts, key, null);
  for (const [key, row] of swept) {
    setRow(parts, key, isHard ? null : { ...row, line: deletedLine(row.line, deletedAtMs), isDeleted: true });
  }
  return { rowCount: liveRowCount, sweptRows: swept.length };
}

/** The open gaps of the table, as they are when it is whole again. */
function resolvedGaps({ gaps }: MemoryStore, { source, table, nowMs }: FinishVersion): readonly Gap[] {
  return [...gaps.values()]
    .filter((gap) => gap.source === source && gap.table === table && gap.resolvedAtMs === null)
    .map((gap) => ({ ...gap, resolvedAtMs: nowMs }));
}

function isUnseen({ sequence, isDeleted }: MemoryRow, { base }: LoadingLedger<MemoryRows>): boolean {
  return !isDeleted && sequence < base;
}

/** Whether DynamoDB itself has deleted the item, as far as its TTL tells: epoch seconds before the end of the gap. */
function isExpired({ line }: MemoryRow, { stream }: LoadingLedger<MemoryRows>, attribute: string | null): boolean {
  if (attribute === null || stream?.gapEndMs == null) return false;
  const [text = 'null'] = memberTexts(Buffer.from(line), [memberName(attribute)]);
  const expiresAt: unknown = JSON.parse(text);
  return typeof expiresAt === 'number' && expiresAt * 1000 < stream.gapEndMs;
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
