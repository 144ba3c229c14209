import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Batch } from '../../model/batch.ts';
import type { ColumnPlan } from '../../model/column-plan.ts';
import type { METADATA_COLUMNS } from '../../model/metadata-columns.ts';
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

type MetadataName = (typeof METADATA_COLUMNS)[number]['name'];

interface AppendOptions {
  readonly plan: ColumnPlan;
  readonly version: number;
  readonly base: bigint;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Appends the rows of all batches to the table inside the open transaction; returns how many and those it cannot hold. */
export async function appendBatches(
  connection: DuckDBConnection,
  name: TableName,
  batches: readonly Batch[],
  options: AppendOptions,
): Promise<{ readonly appendedRows: number; readonly rejected: readonly RejectedRow[] }> {
  const table = await readTableColumns(connection, name);
  const columns = table.map(() => new Array<DuckDBValue>(CHUNK_ROWS).fill(null));
  const encoder = createRowEncoder({ table, plan: options.plan, columns });
  const columnOf = (metadata: MetadataName): DuckDBValue[] => {
    const values = columns[table.findIndex(({ name: column }) => column === metadata)];
    if (values === undefined) throw new TributaryError('BUG', `The table has no column ${metadata}`);
    return values;
  };
  const extractedAts = columnOf('_sdc_extracted_at');
  const receivedAts = columnOf('_sdc_received_at');
  // The same for all rows of a commit; every other column is made null again after each chunk.
  const constants = [columnOf('_sdc_batched_at'), columnOf('_sdc_sequence'), columnOf('_sdc_table_version')] as const;
  constants[0].fill(timestamp(options.nowMs));
  constants[1].fill(options.base);
  constants[2].fill(BigInt(options.version));
  const varying = columns.filter((column) => !constants.includes(column));

  const appender = await connection.createAppender(name.table, name.schema, DATABASE);
  const types = table.map((_, index) => appender.columnType(index));
  const rejected: RejectedRow[] = [];
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

  for (const { page, extractedAtMs, receivedAtMs } of batches) {
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
      slot++;
      if (slot === CHUNK_ROWS) await appendChunk();
    }
  }
  if (slot > 0) await appendChunk();
  appender.closeSync();
  return { appendedRows, rejected };
}

function appendColumns(
  appender: DuckDBAppender,
  types: readonly DuckDBType[],
  columns: readonly DuckDBValue[][],
  rowCount: number,
): void {
  const chunk = DuckDBDataChunk.create(types);
  chunk.setColumns(rowCount === CHUNK_ROWS ? columns : columns.map((column) => column.slice(0, rowCount)));
  appender.appendDataChunk(chunk);
}
