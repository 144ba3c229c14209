import type { Deletes } from '../../model/deletes.ts';
import type { CommitReceipt } from '../destination.ts';
import { type IncomingRow, type MemoryRows, setRow } from './memory-rows.ts';

type MergeCounts = Omit<CommitReceipt, 'receipt'>;

interface MergeOptions {
  /** `merge` compares sequences, `ordered` takes what comes last. */
  readonly order: 'merge' | 'ordered';
  readonly deletes: Deletes | null;
  /** Before the first complete reading hard deletes stay as tombstones, or an older reading would bring the row back. */
  readonly isFollowing: boolean;
}

/** Adds the rows of a commit to a version with a stream: of each key the one with the greatest sequence stays, of equal ones the later. */
export function mergeRows(
  rows: MemoryRows,
  incoming: readonly IncomingRow[],
  { order, deletes, isFollowing }: MergeOptions,
): MergeCounts {
  const wins = (later: IncomingRow, earlier: IncomingRow['row'] | undefined): boolean =>
    earlier === undefined || order === 'ordered' || later.row.sequence >= earlier.sequence;
  const winners = new Map<string, IncomingRow>();
  let rejectedRows = 0;
  for (const candidate of incoming) {
    if (candidate.key === null) rejectedRows += 1;
    else if (wins(candidate, winners.get(candidate.key)?.row)) winners.set(candidate.key, candidate);
  }
  let [upsertedRows, deletedRows, supersededRows] = [0, 0, 0];
  for (const [key, winner] of winners) {
    const { row } = winner;
    if (!wins(winner, rows.byKey.get(key))) {
      supersededRows += 1;
      continue;
    }
    if (row.isDeleted) deletedRows += 1;
    else upsertedRows += 1;
    setRow(rows, key, row.isDeleted && deletes === 'hard' && isFollowing ? null : row);
  }
  const compactedRows = incoming.length - rejectedRows - winners.size;
  return { upsertedRows, deletedRows, compactedRows, supersededRows, rejectedRows };
}

/** Adds the rows of a commit to a version without a stream: all of them, whatever their keys. */
export function appendRows(rows: MemoryRows, incoming: readonly IncomingRow[]): MergeCounts {
  for (const { row } of incoming) setRow(rows, String(rows.byKey.size), row);
  return { upsertedRows: incoming.length, deletedRows: 0, compactedRows: 0, supersededRows: 0, rejectedRows: 0 };
}
