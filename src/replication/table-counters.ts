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
  /** Code of the error that has ended it before the run; null while there is none. */
  failedWith: string | null;
}

/** Asked anew at every look. */
export interface StreamCounters {
  readonly openShards: number;
  /** How far the reading is behind: every change that was made longer ago, by AWS's clock, has been read. */
  readonly lagMs: number | null;
  /** Whether what readers see holds every change up to the bookmarks. */
  readonly isFollowing: boolean;
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
    failedWith: null,
  };
}
