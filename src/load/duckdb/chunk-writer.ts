import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Batch } from '../../model/batch.ts';
import { type BatchChanges, ChangeKind } from '../../model/change.ts';
import type { ColumnPlan } from '../../model/column-plan.ts';
import type { CHANGE_COLUMNS, METADATA_COLUMNS } from '../../model/metadata-columns.ts';
import { TributaryError } from '../../platform/errors.ts';
import { itemText } from '../item-text.ts';
import { CHUNK_ROWS } from './append-rows.ts';
import { createRowEncoder } from './encode.ts';
import { readTableColumns } from './schema-change.ts';
import { DATABASE, type TableName } from './sql.ts';
import { timestamp } from './table-rows.ts';

/** A row that its table cannot hold. */
export interface RejectedRow {
  readonly reason: string;
  /** The row as JSON text. */
  readonly record: string;
}

type MetadataName = (typeof METADATA_COLUMNS | typeof CHANGE_COLUMNS)[number]['name'];

/** Column of a staging table that says which of the commits that are staged together a row belongs to. */
export const MEMBER_COLUMN = '_tributary_member';

interface AppendOptions {
  readonly plan: ColumnPlan;
  readonly version: number;
  readonly base: bigint;
  readonly nowMs: number;
  /** Which commit the rows are of where the table is a staging table; null for a table without a stream. */
  readonly member: number | null;
  readonly signal: AbortSignal;
}

/** Appends the rows of all batches to the table inside the open transaction; returns how many and those it cannot hold. */
export async function appendBatches(
  connection: DuckDBConnection,
  name: TableName,
  batches: readonly Batch[],
  options: AppendOptions,
): Promise<{ readonly appendedRows: number; readonly rejected: readonly RejectedRow[] }> {
  const rejected: RejectedRow[] = [];
  const rowCount = batches.reduce((sum, { page }) => sum + page.rowCount, 0);
  if (rowCount === 0) return { appendedRows: 0, rejected };
  const table = await readTableColumns(connection, name);
  const columns = table.map(() => new Array<DuckDBValue>(Math.min(CHUNK_ROWS, rowCount)).fill(null));
  const encoder = createRowEncoder({ table, plan: options.plan, columns });
  const columnOf = (metadata: MetadataName | typeof MEMBER_COLUMN): DuckDBValue[] => {
    const values = columns[table.findIndex(({ name: column }) => column === metadata)];
    if (values === undefined) throw new TributaryError('BUG', `The table has no column ${metadata}`);
    return values;
  };
  const extractedAts = columnOf('_sdc_extracted_at');
  const receivedAts = columnOf('_sdc_received_at');
  // The same for all rows of a commit; every other column is made null again after each chunk.
  const constants = new Map<DuckDBValue[], DuckDBValue>([
    [columnOf('_sdc_batched_at'), timestamp(options.nowMs)],
    [columnOf('_sdc_table_version'), BigInt(options.version)],
    options.member === null ? [columnOf('_sdc_sequence'), options.base] : [columnOf(MEMBER_COLUMN), options.member],
  ]);
  for (const [column, value] of constants) column.fill(value);
  const varying = columns.filter((column) => !constants.has(column));
  const markChange = options.member === null ? null : changeMarker(columnOf, options.base);

  const appender = await connection.createAppender(name.table, name.schema, name.database ?? DATABASE);
  const types = table.map((_, index) => appender.columnType(index));
  let appendedRows = 0;
  let slot = 0;
  const appendChunk = async (): Promise<void> => {
    appendColumns(appender, types, columns, slot);
    for (const column of varying) column.fill(null, 0, slot);
    appendedRows += slot;
    slot = 0;
    // Appending is synchronous: requests, progress and signals have their turn between chunks.
    await nextTurn();
    options.signal.throwIfAborted();
  };

  for (const { page, changes, extractedAtMs, receivedAtMs } of batches) {
    const extractedAt = timestamp(extractedAtMs);
    const receivedAt = timestamp(receivedAtMs);
    for (let row = 0; row < page.rowCount; row++) {
      const reason = encoder.encode(page, row, slot);
      if (reason !== null) {
        rejected.push({ reason, record: itemText(page, row, (attribute) => attribute) });
        continue;
      }
      extractedAts[slot] = extractedAt;
      receivedAts[slot] = receivedAt;
      markChange?.(changes, row, slot);
      slot++;
      if (slot === CHUNK_ROWS) await appendChunk();
    }
  }
  if (slot > 0) await appendChunk();
  appender.closeSync();
  return { appendedRows, rejected };
}

/** Gives each row of a table that follows a stream its sequence, and deletes their time and reason. */
function changeMarker(columnOf: (name: MetadataName) => DuckDBValue[], base: bigint) {
  const sequences = columnOf('_sdc_sequence');
  const deletedAts = columnOf('_sdc_deleted_at');
  const deletedBys = columnOf('_sdc_deleted_by');
  return (changes: BatchChanges | null, row: number, slot: number): void => {
    sequences[slot] = changes?.sequences[row] ?? base;
    if (changes === null || changes.kinds[row] === ChangeKind.upsert) return;
    deletedAts[slot] = timestamp(changes.createdAtMs[row] ?? null);
    if (changes.kinds[row] === ChangeKind.ttlDelete) deletedBys[slot] = 'ttl';
  };
}

function appendColumns(
  appender: DuckDBAppender,
  types: readonly DuckDBType[],
  columns: readonly DuckDBValue[][],
  rowCount: number,
): void {
  const chunk = DuckDBDataChunk.create(types);
  const isFull = rowCount === columns[0]?.length;
  chunk.setColumns(isFull ? columns : columns.map((column) => column.slice(0, rowCount)));
  appender.appendDataChunk(chunk);
}
