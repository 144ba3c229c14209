/** `new` has never been visible to readers; `full-table` shows its last complete version. */
export type TablePhase = 'new' | 'full-table';

/** A version that is being built aside while readers see the live one. */
export interface BuildingVersion {
  readonly version: number;
  /** Above every sequence that was given before it; all its snapshot rows carry exactly this. */
  readonly base: bigint;
  /** Identity of the DynamoDB table it reads: TableId, else CreationDateTime. Another identity is another table. */
  readonly identity: string;
  /** Fingerprint of what decides its rows: projection, index, key. Another fingerprint cannot be resumed. */
  readonly layout: string;
  readonly totalSegments: number;
  readonly startedAtMs: number;
  readonly lastCommitAtMs: number;
  /** Rows that are durable in it. */
  readonly rowCount: number;
}

/** One row of `_tributary_tables`: what the destination knows about one selected table or view of a source. */
export interface TableState {
  readonly source: string;
  /** `table` or `table/index`, see TableRef. */
  readonly table: string;
  readonly destinationSchema: string;
  readonly destinationTable: string;
  readonly phase: TablePhase;
  /** Version that readers see; 0 before the first swap. */
  readonly liveVersion: number;
  readonly liveRowCount: number;
  /** When the live version was swapped in; null before. */
  readonly liveSinceMs: number | null;
  readonly building: BuildingVersion | null;
  /** Greatest base that was ever given to a version of the table; 0n before the first. */
  readonly highestBase: bigint;
  /** A person has asked for a reset: the next run starts a new version with a fresh schema. */
  readonly resetRequested: boolean;
}
