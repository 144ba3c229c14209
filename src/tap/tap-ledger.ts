import type { LoadingLedger, TableLedger } from '../load/table-ledger.ts';
import type { TableKey } from '../model/table.ts';
import { parseSegmentUnit } from '../model/unit.ts';

/** What a version is for the reader of the messages. */
export interface TapParts {
  /** In RECORD and ACTIVATE_VERSION: rises with every version that the reader is to tell from the one before. */
  readonly singerVersion: number;
  readonly key: TableKey;
}

/**
 * What the tap knows about a table while it runs. Nobody but the caller keeps it: it comes from the state that is given
 * and goes into the STATE messages. What a reader has of it, a pipe does not say: rows of live versions are not counted.
 */
export type TapLedger = TableLedger<TapParts>;
export type TapLoading = LoadingLedger<TapParts>;

/** The version that RECORDs are of, else the last one that was complete; null before the first. */
export function singerVersion({ loading, live }: TapLedger): number | null {
  return (loading ?? live)?.parts.singerVersion ?? null;
}

/** Whether nothing of the Scan is left. */
export function isScanned({ units }: Pick<TapLoading, 'units'>): boolean {
  for (const { unit, position } of units.values()) {
    if (position !== 'end' && parseSegmentUnit(unit) !== null) return false;
  }
  return true;
}
