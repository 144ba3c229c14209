/** What one table has done so far in this run; one object a table, updated in place, read by progress displays. */
export interface TableCounters {
  readonly table: string;
  /** DescribeTable's ItemCount, up to six hours old: good for an estimate only. */
  expectedRows: number;
  rowsRead: number;
  rowsLoaded: number;
  rowsRejected: number;
  bytesRead: number;
  capacityUnits: number;
  throttleCount: number;
  scanCalls: number;
  segmentsDone: number;
  segmentsTotal: number;
  commits: number;
}

export function createTableCounters(table: string): TableCounters {
  return {
    table,
    expectedRows: 0,
    rowsRead: 0,
    rowsLoaded: 0,
    rowsRejected: 0,
    bytesRead: 0,
    capacityUnits: 0,
    throttleCount: 0,
    scanCalls: 0,
    segmentsDone: 0,
    segmentsTotal: 0,
    commits: 0,
  };
}
