import type { BatchChanges } from './change.ts';
import type { TapePage } from './tape.ts';

/** Rows of one page on their way to a destination. */
export interface Batch {
  readonly page: TapePage;
  /** Null for rows of a Scan: they are upserts with the base of the version as their sequence. */
  readonly changes: BatchChanges | null;
  /** When DynamoDB answered, by its Date header, else by our clock. */
  readonly extractedAtMs: number;
  readonly receivedAtMs: number;
}
