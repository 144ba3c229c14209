import type { Gap } from '../model/gap.ts';
import type { TapLedger } from './tap-ledger.ts';

/** What a bookmark says of a table. */
export interface TableProgress {
  readonly ledger: TapLedger;
  /** What the table was halted for, or is read again for; null otherwise. */
  readonly gap: Gap | null;
  /** When a run of it ended well, or everything before it was written; null before. */
  readonly succeededAtMs: number | null;
}
