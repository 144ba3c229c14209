import type { Batch } from '../model/batch.ts';
import { ChangeKind } from '../model/change.ts';
import type { RecordFrame } from '../model/record-frame.ts';
import { deletedTail, tailOfOwn } from './messages.ts';

/**
 * The tail of each row of a batch; undefined where all have that of the frame. `ownRows` are those whose item has an
 * attribute `_sdc_deleted_at`: it stays what it is while the item is there.
 */
export function rowTails(
  { changes }: Pick<Batch, 'changes'>,
  { frame, ownRows }: { readonly frame: RecordFrame; readonly ownRows: ReadonlySet<number> },
): ((row: number) => Buffer) | undefined {
  if (changes === null && ownRows.size === 0) return;
  const ownTail = tailOfOwn(frame);
  return (row) => {
    if (changes !== null && changes.kinds[row] !== ChangeKind.upsert) {
      return deletedTail(frame, changes.createdAtMs[row] ?? 0);
    }
    return ownRows.has(row) ? ownTail : frame.tail;
  };
}
