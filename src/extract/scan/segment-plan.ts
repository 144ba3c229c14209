/** About one segment per 256 MB keeps a resumed segment short without many half-empty requests at its end. */
const SEGMENT_BYTES = 256 * 1024 * 1024;
const MIN_SEGMENTS = 8;
const MAX_SEGMENTS = 4096;
/** DescribeTable's counts are up to six hours old, so a "small" table is one segment only if its first page proves it. */
const SMALL_TABLE_ITEMS = 10_000;

export interface TableSize {
  readonly itemCount: number;
  readonly sizeBytes: number;
}

/** Whether it is worth asking for a first page to see if that is all. */
export function mayBeOnePage({ itemCount }: TableSize): boolean {
  return itemCount < SMALL_TABLE_ITEMS;
}

/** How many segments a table version is read in; stored with its resume keys and never changed for that version. */
export function planSegments(size: TableSize, firstPageEndsTable: boolean): number {
  if (mayBeOnePage(size) && firstPageEndsTable) return 1;
  return Math.min(MAX_SEGMENTS, Math.max(MIN_SEGMENTS, Math.ceil(size.sizeBytes / SEGMENT_BYTES)));
}
