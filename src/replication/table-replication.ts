import type { ScanPageFetcher } from '../connection/scan-page.ts';
import type { CatalogIndex, CatalogStream } from '../discovery/catalog.ts';
import type { Destination, LoadTarget } from '../load/destination.ts';
import type { ParsedProjection } from '../model/projection.ts';
import type { TableKey, TableRef } from '../model/table.ts';
import type { TableState } from '../model/table-state.ts';
import type { UnitState } from '../model/unit-state.ts';
import { orAbort } from '../platform/abort.ts';
import type { ByteBudget } from '../platform/byte-budget.ts';
import type { Clock } from '../platform/clock.ts';
import { type Logger, prefixedLogger } from '../platform/logger.ts';
import { initialSchema, planOf, type SchemaOptions, type TableSchema } from '../schema/merge.ts';
import type { TableCounters } from './table-counters.ts';

/** What DescribeTable said, as far as a run needs it. */
export interface TableFacts {
  /** TableId, else CreationDateTime. */
  readonly identity: string;
  readonly key: TableKey;
  readonly itemCount: number;
  readonly sizeBytes: number;
  /** What a view's index holds, null for a table: another definition under the same name is another index. */
  readonly index: Pick<CatalogIndex, 'key' | 'projectionType' | 'includedAttributes'> | null;
  /** Read capacity units a second that the table may be read with; null without a limit. */
  readonly unitsPerSecond: number | null;
  readonly stream: CatalogStream;
}

/** What the replication of one table takes, whatever its method. */
export interface TableReplication {
  readonly target: LoadTarget;
  readonly ref: TableRef;
  readonly projection: ParsedProjection | null;
  readonly consistentRead: boolean;
  /** Drops the attributes that legacy global tables add to items. */
  readonly dropGlobalTableAttributes: boolean;
  /** In how many segments a new version is read; null: by the size of the table. */
  readonly segments: number | null;
  readonly segmentConcurrency: number;
  readonly destinationSchema: string;
  readonly destinationTable: string;
  readonly allowShrink: boolean;
  /** Asked at the start and again before a swap: a table that was replaced meanwhile must not be swapped in. */
  readonly describe: (signal: AbortSignal) => Promise<TableFacts>;
  readonly fetchPage: ScanPageFetcher;
  readonly destination: Destination;
  /** For pages of the Scan. */
  readonly memory: ByteBudget;
  readonly counters: TableCounters;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onProgress: () => void;
  readonly signal: AbortSignal;
}

/** For the reading half, which knows no tables: several are read at once, so each message says of which it speaks. */
export function tapLog({ log, target }: Pick<TableReplication, 'log' | 'target'>): Logger {
  return prefixedLogger(log.at('tap'), `${target.table}: `);
}

/** What decides which rows a version holds: a version with another layout cannot be resumed. */
export function layoutOf(
  { projection, dropGlobalTableAttributes }: TableReplication,
  { key, index }: TableFacts,
): string {
  // Member by member: the catalog's entry has counts, too, which change all the time.
  const view = index && { key: index.key, type: index.projectionType, attributes: index.includedAttributes };
  const dropped = dropGlobalTableAttributes ? { drop: 'aws:rep' } : {};
  return JSON.stringify({ key, view, paths: projection?.paths ?? null, ...dropped });
}

export async function readState({ destination, target, signal }: TableReplication): Promise<TableState | null> {
  const stored = await orAbort(destination.runStore.readTables(target.source), signal);
  return stored.find(({ table }) => table === target.table) ?? null;
}

/** Units of the version that is loaded. */
export async function readUnits({ destination, target, signal }: TableReplication): Promise<readonly UnitState[]> {
  return await orAbort(destination.runStore.readUnits(target.source, target.table), signal);
}

/** The schema that a new version starts with: what the table has shown before, unless that is to be forgotten. */
export async function startingSchema(
  run: TableReplication,
  key: TableKey,
  { freshSchema }: { readonly freshSchema: boolean },
): Promise<TableSchema> {
  const { destination, target, signal } = run;
  const stored = freshSchema
    ? null
    : await orAbort(destination.runStore.readSchema(target.source, target.table), signal);
  const schema = stored !== null && startsWithKey(stored.columns, key) ? stored : initialSchema(key);
  return { schema, plan: planOf(schema, schemaOptions(run, key)) };
}

export function schemaOptions({ destination }: TableReplication, key: TableKey): SchemaOptions {
  return { key, capabilities: destination.capabilities };
}

/** A table that was created again with another key keeps nothing of the old schema. */
function startsWithKey(columns: readonly { readonly attribute: string }[], key: TableKey): boolean {
  return key.every(({ name }, index) => columns[index]?.attribute === name);
}
