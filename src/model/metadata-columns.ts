/**
 * Columns that every loaded row carries beside its attributes. The names are Stitch's, so that existing models keep
 * working; no attribute can take them, because column naming gives `_sdc_` attributes another prefix.
 */
export const METADATA_COLUMNS = [
  /** When DynamoDB answered with the row. */
  { name: '_sdc_extracted_at', type: 'timestamp' },
  /** When Tributary had the row in memory. */
  { name: '_sdc_received_at', type: 'timestamp' },
  /** When the batch was written to the destination; the same for all rows of a commit. */
  { name: '_sdc_batched_at', type: 'timestamp' },
  /** Order of versions of one key; all snapshot rows of a table version carry its base. */
  { name: '_sdc_sequence', type: 'bigint' },
  { name: '_sdc_table_version', type: 'bigint' },
  /** JSON object of column to value for what a column could not hold exactly; null almost always. */
  { name: '_sdc_rescued', type: 'json' },
] as const satisfies readonly MetadataColumn[];

/** Columns that rows of a table with method LOG_BASED carry beside those. */
export const CHANGE_COLUMNS = [
  /** When the row was deleted in the source, by the clock of the stream; null while it is there. */
  { name: '_sdc_deleted_at', type: 'timestamp' },
  /** `ttl` where an expired item was deleted by DynamoDB and `ttl_deletes: flag` asks for it; null otherwise. */
  { name: '_sdc_deleted_by', type: 'text' },
] as const satisfies readonly MetadataColumn[];

interface MetadataColumn {
  readonly name: string;
  readonly type: 'timestamp' | 'bigint' | 'json' | 'text';
}
