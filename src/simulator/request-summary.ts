/** What a request asks for, as far as faults, counters and hooks need it. */
export interface RequestSummary {
  readonly action: string;
  readonly table: string | null;
  readonly index: string | null;
  readonly segment: number | null;
  readonly totalSegments: number | null;
  /** DynamoDB JSON text. */
  readonly exclusiveStartKey: string | null;
  readonly accessKeyId: string | null;
}
