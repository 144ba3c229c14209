import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { FinishChanges, FinishVersion } from '../destination.ts';
import { readSchemaRows } from './column-rows.ts';
import { queryRows, quoteName, quoteTable } from './sql.ts';
import { type LoadingTable, loadingTableName, timestamp } from './table-rows.ts';

interface PlannedSweep {
  /** Rows without `_sdc_deleted_at` that no reading has shown since the last gap, those that are kept excepted. */
  readonly sweptRows: number;
  /** All rows without `_sdc_deleted_at`, these included. */
  readonly liveRows: number;
  readonly statement: string;
  readonly values: readonly DuckDBValue[];
}

/** What the end of a reading does with the rows that it has not shown, and with those that say they are deleted. */
export async function planSweep(
  connection: DuckDBConnection,
  stored: LoadingTable,
  {
    changes: { deletes, keepExpiredBy, caughtUpWithMs },
    nowMs,
  }: Pick<FinishVersion, 'nowMs'> & { readonly changes: FinishChanges },
): Promise<PlannedSweep> {
  const { loading } = stored;
  const name = quoteTable(loadingTableName(stored, loading));
  const { source, table } = stored;
  const { columns } = await readSchemaRows(
    connection,
    { source, table, version: loading.version },
    loading.schemaVersion,
  );
  const expiry = columns.find(({ attribute }) => attribute === keepExpiredBy)?.columnName ?? null;
  const gapEndMs = loading.stream?.gapEndMs ?? null;
  const unseen = '_sdc_deleted_at IS NULL AND _sdc_sequence < $1';
  const isKept = expiry !== null && gapEndMs !== null;
  // The column may have any type by now; what is no number never expires.
  const isExpired = isKept ? `coalesce(TRY_CAST(${quoteName(expiry)}::VARCHAR AS DOUBLE) < $2, false)` : 'false';
  const swept = `${unseen} AND NOT ${isExpired}`;
  const values: DuckDBValue[] = [loading.base, ...(isKept ? [gapEndMs / 1000] : [])];
  const [counts] = await queryRows(
    connection,
    `SELECT count(*) FILTER (${swept}) AS swept, count(*) - count(_sdc_deleted_at) AS live FROM ${name}`,
    values,
  );
  // Without a gap there is nothing that no reading has shown, unless somebody has changed rows.
  const deletedAt = timestamp(gapEndMs ?? caughtUpWithMs ?? nowMs);
  return {
    sweptRows: Number(counts?.['swept']),
    liveRows: Number(counts?.['live']),
    ...(deletes === 'hard'
      ? { statement: `DELETE FROM ${name} WHERE _sdc_deleted_at IS NOT NULL OR (${swept})`, values }
      : {
          statement: `UPDATE ${name} SET _sdc_deleted_at = $${values.length + 1} WHERE ${swept}`,
          values: [...values, deletedAt],
        }),
  };
}

export async function sweepRows(connection: DuckDBConnection, { statement, values }: PlannedSweep): Promise<void> {
  await connection.run(statement, [...values]);
}
