/** What one table has done so far in this run; one object a table, updated in place, read by progress displays. */
export interface TableCounters {
  readonly table: string;
  /** DescribeTable's ItemCount, up to six hours old: good for an estimate only. */
  expectedRows: number;
  /** Rows of the Scan. */
  rowsRead: number;
  /** Changes of the stream, deletes included. */
  changesRead: number;
  rowsLoaded: number;
  rowsDeleted: number;
  rowsRejected: number;
  bytesRead: number;
  capacityUnits: number;
  throttleCount: number;
  scanCalls: number;
  segmentsDone: number;
  segmentsTotal: number;
  commits: number;
  /** Of a table that follows its stream; null before it does, and always under FULL_TABLE. */
  stream: StreamCounters | null;
}

interface StreamCounters {
  openShards: number;
  /** Every change made before this has been read, by AWS's clock; null before the first answer. */
  readThroughMs: number | null;
  /** Whether what readers see holds every change up to the bookmarks. */
  isFollowing: boolean;
}

export function createTableCounters(table: string): TableCounters {
  return {
    table,
    expectedRows: 0,
    rowsRead: 0,
    changesRead: 0,
    rowsLoaded: 0,
    rowsDeleted: 0,
    rowsRejected: 0,
    bytesRead: 0,
    capacityUnits: 0,
    throttleCount: 0,
    scanCalls: 0,
    segmentsDone: 0,
    segmentsTotal: 0,
    commits: 0,
    stream: null,
  };
}
