import type { TapePage } from '../model/tape.ts';
import { observeRows } from './observations.ts';
import { createScanState, setBody } from './scan-state.ts';

/** The page from row `firstRow` on, on the same memory. What it shows of its attributes is that of its rows. */
export function lastRows(page: TapePage, firstRow: number): TapePage {
  const rowStarts = page.rowStarts.subarray(firstRow);
  const scan = createScanState();
  setBody(scan, page.body);
  scan.tape = page.tape;
  return {
    ...page,
    rowStarts,
    rowCount: page.rowCount - firstRow,
    observed: observeRows(scan, rowStarts, page.attributes.size),
  };
}
