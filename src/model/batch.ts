import type { TapePage } from './tape.ts';

/** Rows of one page on their way to a destination. All rows of a snapshot page are upserts with the version's base. */
export interface Batch {
  readonly page: TapePage;
  /** When DynamoDB answered, by its Date header, else by our clock. */
  readonly extractedAtMs: number;
  readonly receivedAtMs: number;
}
