import type { ConnectionOptions } from '../model/connection-options.ts';
import type { Deletes, TtlDeletes } from '../model/deletes.ts';

/** FULL_TABLE scans the whole table in every run, LOG_BASED follows its stream. */
export type ReplicationMethod = 'FULL_TABLE' | 'LOG_BASED';

/** How one selected table or view is replicated. */
export interface TableConfig {
  /** `table` or `table/index`, see TableRef. */
  readonly table: string;
  readonly method: ReplicationMethod;
  /** As written; discovery/ parses and judges it. Null means all attributes. */
  readonly projection: string | null;
  /** Placeholder as written, with or without its `#`, to attribute name. */
  readonly expressionAttributes: Readonly<Record<string, string>>;
  readonly consistentRead: boolean;
  /** Drop the attributes `aws:rep:*` that global tables of version 2017.11.29 write into items. */
  readonly stripGlobalTableAttributes: boolean;
  /** From here on of LOG_BASED tables; the defaults otherwise. */
  readonly deletes: Deletes;
  /** Soft-deleted rows keep the values that they had; else only their key. */
  readonly keepLastImage: boolean;
  readonly ttlDeletes: TtlDeletes;
  /** After a gap: read the table again by itself, or stop it until a person decides. */
  readonly onGap: 'resync' | 'fail';
}

/** Reads that a source may use: a share of what a table has provisioned, or RCU per second over all its tables. */
export type ReadCapacity =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'units'; readonly unitsPerSecond: number };

export interface SourceConfig {
  readonly name: string;
  readonly connection: ConnectionOptions;
  /** The customer's account, 12 digits, where the file names it. */
  readonly accountId: string | null;
  /** Name of an entry of `destinations`; it exists. */
  readonly destination: string;
  /** Null means no limit. */
  readonly readCapacity: ReadCapacity | null;
  /** Requests to DynamoDB that may be in flight at once, over all tables of the source. */
  readonly maxConcurrency: number;
  /** USD for a million on-demand read request units; null takes the price table of this version. */
  readonly pricePerMillionReadsUsd: number | null;
  /** How often changes become visible at the destination while streams are followed. */
  readonly flushIntervalMs: number;
  /** Name patterns: a table that matches one is replicated FULL_TABLE although `tables` does not name it. */
  readonly selectNewTables: readonly string[];
  /** By TableConfig.table, in the order of the file. */
  readonly tables: ReadonlyMap<string, TableConfig>;
}

/** The envelope of a destination; the adapter judges `options`. */
export interface DestinationConfig {
  readonly name: string;
  readonly type: string;
  /** Everything but `type`, environment variables replaced, keys as in the file. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What variables have put into lists and maps of `options`: any of it may be a secret. */
  readonly variableValues: readonly string[];
  /** Relative paths in `options` start here: the folder of the configuration file, absolute. */
  readonly baseFolder: string;
  /** `TributaryConfig.home`: for what a destination has to keep on this machine. */
  readonly homeFolder: string;
  /** Where an option stands, for messages: `tributary.yaml:12:7 destinations.warehouse.path`. */
  readonly locate: (option: string | null) => string;
}

/** tributary.yaml after parsing, checking and filling in defaults. */
export interface TributaryConfig {
  /** The file as it was named, for messages and for `select`. */
  readonly path: string;
  /** Folder for what Tributary keeps beside the destinations, absolute. */
  readonly home: string;
  readonly sources: ReadonlyMap<string, SourceConfig>;
  readonly destinations: ReadonlyMap<string, DestinationConfig>;
}
