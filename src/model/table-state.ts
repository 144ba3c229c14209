/**
 * `new`: never visible to readers. `full-table`: shows its last complete version. The others are of tables that follow
 * their stream. `snapshotting`: the first complete reading is on its way; readers may see older values. `following`: the
 * live version holds every change up to its bookmarks. `resyncing`: read again in place after a gap. `gap`, `failed`: not
 * read until a person decides.
 */
export type TablePhase = 'new' | 'full-table' | 'snapshotting' | 'following' | 'resyncing' | 'gap' | 'failed';

/** What a version that follows a stream holds beside its rows. */
export interface FollowedStream {
  readonly arn: string;
  /** Lanes that shards are divided over, fixed for the version. */
  readonly laneCount: number;
  /** Gaps since the present snapshot or resync began. */
  readonly gapCount: number;
  /**
   * End of the last gap by AWS's clock; null before the first. Rows that no reading since has shown were deleted before
   * it, as far as anybody can know.
   */
  readonly gapEndMs: number | null;
}

/** The version that units load: beside the live one until the swap, or the live one itself. */
export interface LoadingVersion {
  readonly version: number;
  /** `live`: readers see each commit. `aside`: they see the live version until the swap. */
  readonly placement: 'aside' | 'live';
  /** Above every sequence that was given before it; all its snapshot rows carry exactly this. A resync raises it. */
  readonly base: bigint;
  /** Identity of the DynamoDB table it reads: TableId, else CreationDateTime. Another identity is another table. */
  readonly identity: string;
  /** Fingerprint of what decides its rows: projection, index, key. Another fingerprint cannot be resumed. */
  readonly layout: string;
  /** Of its present Scan; 0 when all are finished and dropped. */
  readonly totalSegments: number;
  readonly startedAtMs: number;
  readonly lastCommitAtMs: number;
  /** Rows that are durable in it, soft-deleted ones and tombstones included. */
  readonly rowCount: number;
  /** Null for FULL_TABLE. */
  readonly stream: FollowedStream | null;
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
  /** Rows that readers see, soft-deleted ones not counted. */
  readonly liveRowCount: number;
  /** When the live version became visible; null before. */
  readonly liveSinceMs: number | null;
  /** Null between two FULL_TABLE runs. The units of the table belong to it. */
  readonly loading: LoadingVersion | null;
  /** Greatest base that was ever given to a version of the table; 0n before the first. */
  readonly highestBase: bigint;
  /** When a gap was last answered by a resync without asking; null before. */
  readonly lastResyncAtMs: number | null;
  /** A person has asked for a reset: the next run starts a new version with a fresh schema. */
  readonly resetRequested: boolean;
}
