import type { Connection } from '../connection/clients.ts';
import { formatTableRef, type TableKey, type TableRef } from '../model/table.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { CatalogIndex, CatalogTable } from './catalog.ts';
import { describeTable } from './describe-table.ts';
import { findIndex } from './selection.ts';

/** A Scan of a table or index in one of these states reads all of it. */
const READABLE = new Set(['ACTIVE', 'UPDATING']);
/** These states pass: the building of a large index takes hours, but a run that waits that long helps nobody. */
const PASSING = new Set(['CREATING', 'BACKFILLING']);
const POLL_MS = 5_000;
const PATIENCE_MS = 10 * 60_000;

/** What a full-table run needs to know about a table, or about the index of a view. */
export interface ReadableTable {
  readonly identity: string;
  /** Key of the table, also for a view: the key of an index does not tell rows apart. */
  readonly key: TableKey;
  readonly itemCount: number;
  readonly sizeBytes: number;
  /** Of a view. */
  readonly index: CatalogIndex | null;
  readonly table: CatalogTable;
}

interface WaitOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onWait: (message: string) => void;
}

/**
 * Describes a table or view when it can be read completely; waits while it is being created. Rejects with
 * TABLE_NOT_FOUND, INDEX_NOT_FOUND, ACCESS_DENIED, or TABLE_NOT_READY when waiting does not help.
 */
export async function describeReadable(
  connection: Connection,
  ref: TableRef,
  options: WaitOptions,
): Promise<ReadableTable> {
  const { clock, signal } = options;
  const name = formatTableRef(ref);
  const deadlineMs = clock.now() + PATIENCE_MS;
  for (let waited = false; ; waited = true) {
    const table = await describeTable(connection, ref.table, signal);
    const index = ref.index === null ? null : findIndex(table, ref.index);
    const { status, itemCount, sizeBytes } = index ?? table;
    if (READABLE.has(status) && READABLE.has(table.status)) {
      return { identity: table.identity, key: table.key, itemCount, sizeBytes, index, table };
    }
    const state = READABLE.has(status) ? table.status : status;
    if (!PASSING.has(state) || clock.now() >= deadlineMs) {
      throw new TributaryError('TABLE_NOT_READY', `${name} has the status ${state} and cannot be read completely`);
    }
    if (!waited) options.onWait(`waits for ${name}, which has the status ${state}`);
    await clock.sleep(POLL_MS, signal);
  }
}

/** Whose capacity a Scan uses: that of a global index, else that of the table. */
export function capacityOf({
  table,
  index,
}: ReadableTable): Pick<CatalogTable, 'provisionedReadUnits' | 'onDemandMaxReadUnits'> {
  return index?.kind === 'global' ? index : table;
}
