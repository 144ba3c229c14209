/** What a row of a stream does to its key. */
export const ChangeKind = { upsert: 0, delete: 1, ttlDelete: 2 } as const;

/** The records of one answer of a shard, parallel to the rows of its page, in the order of the stream. */
export interface ChangeRows {
  /** ChangeKind of each row. `ttlDelete` only where such deletes are told apart (`ttl_deletes: flag`). */
  readonly kinds: Uint8Array;
  /** As DynamoDB writes them: decimal text of up to 40 digits. */
  readonly sequenceNumbers: readonly string[];
  /** ApproximateCreationDateTime in milliseconds; DynamoDB cuts it to the second. */
  readonly createdAtMs: Float64Array;
}

/** What a destination needs of the changes of a batch, parallel to the rows of its page. */
export interface BatchChanges {
  readonly kinds: Uint8Array;
  /** `_sdc_sequence` of each row, growing. */
  readonly sequences: BigInt64Array;
  /** Becomes `_sdc_deleted_at` where the row is a delete. */
  readonly createdAtMs: Float64Array;
}
