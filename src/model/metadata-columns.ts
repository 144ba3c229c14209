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
] as const satisfies readonly { name: string; type: 'timestamp' | 'bigint' | 'json' }[];
