/** Exit statuses follow Stitch: null while running, 0 ok, else failed. */
export interface PhaseResult {
  readonly exitStatus: number | null;
  readonly message: string | null;
}

export interface TableRun {
  readonly table: string;
  readonly outcome: 'succeeded' | 'failed' | 'cancelled';
  readonly rowsRead: number;
  readonly rowsLoaded: number;
  readonly rowsRejected: number;
  /** Changes of the stream that were read, deletes included. */
  readonly changesRead: number;
  /** Deletes that reached the destination. */
  readonly rowsDeleted: number;
  /** Bytes of DynamoDB JSON received. */
  readonly bytesRead: number;
  /** Read capacity units that DynamoDB reported. */
  readonly capacityUnits: number;
  readonly throttleCount: number;
  readonly scanCalls: number;
  readonly durationMs: number;
  readonly version: number | null;
  /** Rows that readers see of that version; null when none was swapped in. */
  readonly liveRows: number | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

/** One run of a source, as `_tributary_runs` keeps it. */
export interface RunRecord {
  readonly runId: string;
  readonly source: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly discovery: PhaseResult;
  readonly extraction: PhaseResult;
  readonly load: PhaseResult;
  readonly tables: readonly TableRun[];
}
