import type { AwsTime } from '../connection/aws-time.ts';
import type { StreamCalls } from '../connection/stream-calls.ts';
import type { DescribeRate } from '../extract/streams/describe-rate.ts';
import type { Deletes } from '../model/deletes.ts';
import type { ByteBudget } from '../platform/byte-budget.ts';
import type { Slots } from '../platform/slots.ts';
import type { RecordsOptions } from '../transcode/records-page.ts';
import type { TableFacts, TableReplication } from './table-replication.ts';

/** What the replication of a table through its stream takes. */
export interface LogBasedReplication extends TableReplication {
  readonly deletes: Deletes;
  readonly records: Pick<RecordsOptions, 'deletedImage' | 'ttlDeletes'>;
  readonly onGap: 'resync' | 'fail';
  /** `closed`: shards are read when they are closed, up to four hours later, and the run has caught up without open ones. */
  readonly shards: 'open' | 'closed';
  /** Attribute by which items of the table expire, where rows that only the destination has are to be kept; else null. */
  readonly keepExpiredBy: (signal: AbortSignal) => Promise<string | null>;
  readonly calls: StreamCalls;
  readonly describeRate: DescribeRate;
  readonly awsTime: AwsTime;
  /** For answers of shards: of its own, so that a Scan never takes the memory that the stream needs to go on. */
  readonly streamMemory: ByteBudget;
  /** GetRecords calls in flight. */
  readonly streamConcurrency: number;
  readonly flushIntervalMs: number;
  /** Tables that are scanned at the same time. */
  readonly scanSlots: Slots;
  /**
   * Called when everything that was written before the run began is durable and readable. The table is followed on until
   * the promise resolves, so that no table ages out while another one is read. Null: until the signal aborts.
   */
  readonly onCaughtUp: (() => Promise<void>) | null;
}

/** What readers see. */
export interface LiveVersion {
  readonly version: number;
  readonly rowCount: number;
}

/** The source of a table as a run has found it. */
export interface StreamFacts extends TableFacts {
  readonly streamArn: string;
  readonly layout: string;
  /** AWS's time when the run looked. */
  readonly foundAtMs: number;
}
