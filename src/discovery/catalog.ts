import type { KeyAttribute, TableKey } from '../model/table.ts';
import type { ErrorCode } from '../platform/error-codes.ts';

type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

export interface CatalogStream {
  readonly enabled: boolean;
  readonly viewType: StreamViewType | null;
  /** Of the stream that is enabled, else of the last one, whose records can be read for 24 h after it was disabled. */
  readonly arn: string | null;
  /** Tells the streams that a table has had apart: when this one was enabled. */
  readonly label: string | null;
}

export interface CatalogIndex {
  readonly name: string;
  readonly kind: 'global' | 'local';
  /** Local indexes have no status of their own; they are ACTIVE. */
  readonly status: string;
  /**
   * Hash attributes, then range attributes; a global index may have up to four of each. Not unique: rows of a view are
   * told apart by the key of the table.
   */
  readonly key: readonly KeyAttribute[];
  readonly itemCount: number;
  readonly sizeBytes: number;
  /** As for a table. Global indexes have capacity of their own; local ones use the table's, both are null there. */
  readonly provisionedReadUnits: number | null;
  readonly onDemandMaxReadUnits: number | null;
  readonly projectionType: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  /** Of INCLUDE indexes: the attributes beside the keys. */
  readonly includedAttributes: readonly string[];
}

/** `denied`: the permission of its own that the setting takes is missing; `unsupported`: a local DynamoDB lacks it. */
export interface UnknownSetting {
  readonly state: 'denied' | 'unsupported';
  readonly reason: string;
}
export type TimeToLive =
  | { readonly state: 'on'; readonly attribute: string }
  | { readonly state: 'off' }
  | UnknownSetting;
export type PointInTimeRecovery = { readonly state: 'on' | 'off' } | UnknownSetting;

/** What DescribeTable says. Counts and sizes are those of DynamoDB, which brings them up to date about every six hours. */
export interface CatalogTable {
  readonly name: string;
  readonly arn: string;
  /** Where it was described. A command that does not say so may change another table of its name. */
  readonly region: string;
  /** Null: AWS itself. */
  readonly endpoint: string | null;
  /** TableId, else the creation time: a table that is deleted and created again under its name is another table. */
  readonly identity: string;
  readonly status: string;
  readonly key: TableKey;
  readonly itemCount: number;
  readonly sizeBytes: number;
  readonly billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST';
  /** Null when the table is billed per request. */
  readonly provisionedReadUnits: number | null;
  /** The maximum that an on-demand table was given; null when it has none. */
  readonly onDemandMaxReadUnits: number | null;
  readonly stream: CatalogStream;
  readonly indexes: readonly CatalogIndex[];
}

/** Why a table cannot be replicated. */
export interface Unsupported {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** One table of the account and region. Every listed table has an entry: also one that may not be described. */
export interface CatalogEntry {
  readonly name: string;
  /** Null when DescribeTable failed. */
  readonly table: CatalogTable | null;
  /** Null when the table can be replicated. */
  readonly unsupported: Unsupported | null;
}
