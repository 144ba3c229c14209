import type { DuckDBConnection } from '@duckdb/node-api';
import { parseSegmentUnit } from '../../model/unit.ts';
import type { UnitState } from '../../model/unit-state.ts';
import type { Destination, FinishChanges, FinishVersion } from '../destination.ts';
import { requireComplete, requireRows } from '../version-rules.ts';
import { keepSchemaRows } from './column-rows.ts';
import { type DuckDbFile, mergeRowGroups } from './connection.ts';
import { removeDuplicates } from './duplicates.ts';
import { resolveGapRows } from './gap-rows.ts';
import { requireFreeName } from './name-check.ts';
import { keepRejectedRows } from './rejected-rows.ts';
import { queryRows, quoteName, quoteTable } from './sql.ts';
import { planSweep, sweepRows } from './sweep.ts';
import {
  type LoadingTable,
  liveTableName,
  loadingTableName,
  readLoadingTable,
  type StoredTable,
  saveStoredTable,
} from './table-rows.ts';
import { inTransaction } from './transaction.ts';
import { deleteUnitRows, readUnitRows, replaceUnitRows } from './unit-rows.ts';

type Finished = Awaited<ReturnType<Destination['refresh']['finish']>>;

/**
 * Makes the version the live one, or ends its reading in place. Removing rows of a version that is aside is a transaction
 * of its own, because the log of DuckDB cannot replay one that deletes from a table and renames it; a crash between the
 * two leaves nothing for readers to see.
 */
export function finishVersion(file: DuckDbFile, request: FinishVersion, signal: AbortSignal): Promise<Finished> {
  return file.write(async (connection) => {
    const step = <T>(use: (complete: CompleteTable) => Promise<T>): Promise<T> =>
      inTransaction(connection, signal, async () => use(await readCompleteTable(connection, request)));
    if (request.changes === null) {
      const { deduplicateBy } = request;
      if (deduplicateBy !== null) {
        await step(({ stored }) =>
          removeDuplicates(connection, loadingTableName(stored, stored.loading), {
            keyColumns: deduplicateBy,
            greatest: '_sdc_extracted_at',
          }),
        );
      }
      return step((complete) => swap(connection, request, complete));
    }
    const { changes } = request;
    const swept = await step(async (complete) => {
      // A version that follows its stream is the last one: nothing else would join what its snapshot has left.
      await mergeRowGroups(connection);
      const sweptRows = await sweep(connection, { ...request, changes }, complete);
      const isLive = complete.stored.loading.placement === 'live';
      return { sweptRows, finished: isLive ? await endReading(connection, request, complete, sweptRows) : null };
    });
    const { finished, sweptRows } = swept;
    return finished ?? { ...(await step((complete) => swap(connection, request, complete))), sweptRows };
  }, signal);
}

/** A version all of whose segments are at `end`, and its shards caught up. */
interface CompleteTable {
  readonly stored: LoadingTable;
  readonly units: readonly UnitState[];
}

async function readCompleteTable(connection: DuckDBConnection, request: FinishVersion): Promise<CompleteTable> {
  const stored = await readLoadingTable(connection, request);
  const units = await readUnitRows(connection, request);
  requireComplete(request, { stream: stored.loading.stream, units });
  return { stored, units };
}

/** Removes the rows that no reading has shown, unless readers would lose too many; returns how many. */
async function sweep(
  connection: DuckDBConnection,
  request: FinishVersion & { readonly changes: FinishChanges },
  { stored }: CompleteTable,
): Promise<number> {
  const planned = await planSweep(connection, stored, request);
  requireRows(request, stored, planned.liveRows - planned.sweptRows);
  await sweepRows(connection, planned);
  return planned.sweptRows;
}

/** Ends a snapshot or a resync of the live table. */
async function endReading(
  connection: DuckDBConnection,
  request: FinishVersion,
  { stored, units }: CompleteTable,
  sweptRows: number,
): Promise<Finished> {
  const counts = await countRows(connection, stored);
  await keepShards(connection, request, units);
  await resolveGapRows(connection, stored, request.nowMs);
  await saveStoredTable(connection, followingTable(stored, counts));
  return { rowCount: counts.liveRows, sweptRows };
}

/** Puts the table of the version in the place of the live one. */
async function swap(
  connection: DuckDBConnection,
  request: FinishVersion,
  { stored, units }: CompleteTable,
): Promise<Finished> {
  const { source, table, version, nowMs } = request;
  const { loading } = stored;
  const counts = await countRows(connection, stored);
  requireRows(request, stored, counts.liveRows);
  await requireFreeName(connection, stored);
  const aside = quoteTable(loadingTableName(stored, loading));
  await connection.run(`DROP TABLE IF EXISTS ${quoteTable(liveTableName(stored))}`);
  await connection.run(`ALTER TABLE ${aside} RENAME TO ${quoteName(stored.destinationTable)}`);
  await keepSchemaRows(connection, { source, table, version });
  await keepRejectedRows(connection, liveTableName(stored), version);
  const live = { ...stored, liveVersion: version, liveSinceMs: nowMs, liveSchemaVersion: loading.schemaVersion };
  await resolveGapRows(connection, stored, nowMs);
  if (loading.stream === null) {
    await deleteUnitRows(connection, stored);
    await saveStoredTable(connection, { ...live, phase: 'full-table', liveRowCount: counts.liveRows, loading: null });
  } else {
    await keepShards(connection, request, units);
    await saveStoredTable(connection, followingTable(live, counts));
  }
  return { rowCount: counts.liveRows, sweptRows: 0 };
}

interface RowCounts {
  readonly rows: number;
  readonly liveRows: number;
}

async function countRows(connection: DuckDBConnection, { loading, ...stored }: LoadingTable): Promise<RowCounts> {
  const live = loading.stream === null ? 'count(*)' : 'count(*) - count(_sdc_deleted_at)';
  const name = quoteTable(loadingTableName({ ...stored, loading }, loading));
  const [counted] = await queryRows(connection, `SELECT count(*) AS n, ${live} AS live FROM ${name}`);
  return { rows: Number(counted?.['n']), liveRows: Number(counted?.['live']) };
}

function followingTable(stored: LoadingTable, { rows, liveRows }: RowCounts): StoredTable {
  const { loading, destinationTable: tableName } = stored;
  return {
    ...stored,
    phase: 'following',
    liveRowCount: liveRows,
    loading: { ...loading, placement: 'live', tableName, totalSegments: 0, rowCount: rows },
  };
}

async function keepShards(
  connection: DuckDBConnection,
  request: FinishVersion,
  units: readonly UnitState[],
): Promise<void> {
  const shards = units.filter(({ unit }) => parseSegmentUnit(unit) === null);
  if (shards.length < units.length) await replaceUnitRows(connection, request, shards);
}
