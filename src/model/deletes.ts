/**
 * What a delete in the source does at the destination. `soft`: the row stays with `_sdc_deleted_at` set. `hard`: the row
 * goes; while a snapshot or a resync is on its way it stays as a tombstone, so that an older reading cannot bring it back.
 */
export type Deletes = 'soft' | 'hard';

/**
 * What a delete by DynamoDB's time to live does. `replicate`: the same as any other. `ignore`: the row stays, so the
 * destination keeps what the source has let expire. `flag`: a soft delete with `_sdc_deleted_by` = 'ttl'.
 */
export type TtlDeletes = 'replicate' | 'ignore' | 'flag';
