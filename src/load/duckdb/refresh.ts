import type { DuckDBConnection } from '@duckdb/node-api';
import { isShrink } from '../../model/shrink.ts';
import { parseSegmentUnit } from '../../model/unit.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { BeginVersion, FinishVersion } from '../destination.ts';
import { fenced } from '../fenced.ts';
import { keepSchemaRows, replaceSchemaRows } from './column-rows.ts';
import { type DuckDbFile, mergeRowGroups } from './connection.ts';
import { removeDuplicates } from './duplicates.ts';
import { requireFreeName } from './name-check.ts';
import { keepRejectedRows } from './rejected-rows.ts';
import { createTable } from './schema-change.ts';
import { queryRows, quoteName, quoteSchema, quoteTable } from './sql.ts';
import {
  asideTableName,
  loadingTableName,
  liveTableName,
  readLoadingTable,
  readStoredTable,
  type StoredLoading,
  type StoredTable,
  saveStoredTable,
} from './table-rows.ts';
import { inTransaction } from './transaction.ts';
import { deleteUnitRows, readUnitRows, replaceUnitRows } from './unit-rows.ts';

type LoadingTable = StoredTable & { readonly loading: StoredLoading };

/** Creates the version, its units and its table; drops one that was being built before. */
export async function beginVersion(file: DuckDbFile, request: BeginVersion, signal: AbortSignal): Promise<void> {
  await file.write((connection) => inTransaction(connection, signal, () => begin(connection, request)), signal);
}

/**
 * Makes the version the live one. Removing duplicates is a transaction of its own, because the log of DuckDB cannot
 * replay one that deletes from a table and renames it; a crash between the two leaves nothing for readers to see.
 */
export function finishVersion(
  file: DuckDbFile,
  request: FinishVersion,
  signal: AbortSignal,
): Promise<{ readonly rowCount: number }> {
  return file.write(async (connection) => {
    const { deduplicateBy } = request;
    if (deduplicateBy !== null) {
      await inTransaction(connection, signal, async () => {
        const stored = await readCompleteTable(connection, request);
        await removeDuplicates(connection, loadingTableName(stored, stored.loading), deduplicateBy);
      });
    }
    return inTransaction(connection, signal, () => swap(connection, request));
  }, signal);
}

/** The state without the version that is being built, which is dropped with its rows and bookmarks. */
export async function dropLoading(connection: DuckDBConnection, stored: StoredTable): Promise<StoredTable> {
  if (stored.loading === null) return stored;
  await connection.run(`DROP TABLE IF EXISTS ${quoteTable(loadingTableName(stored, stored.loading))}`);
  await deleteUnitRows(connection, stored);
  const { source, table, liveVersion } = stored;
  await keepSchemaRows(connection, { source, table, version: liveVersion });
  await keepRejectedRows(connection, liveTableName(stored), liveVersion);
  return { ...stored, loading: null };
}

async function begin(connection: DuckDBConnection, request: BeginVersion): Promise<void> {
  const { version, base, schema, nowMs } = request;
  const before = (await readStoredTable(connection, request)) ?? neverBegun(request);
  if (version <= before.liveVersion || base <= before.highestBase) throw fenced(request, 'the refresh');
  await requireFreeName(connection, before);
  // Once a version is often enough for what versions leave behind, and in time for the live table that readers scan.
  await mergeRowGroups(connection);
  const stored = await dropLoading(connection, before);
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoteSchema(stored.destinationSchema)}`);
  // One above every epoch that was given: a lane of a dropped version with this number and these units must miss.
  const epoch = stored.highestEpoch + 1;
  const loading: StoredLoading = {
    version,
    tableName: asideTableName(request, stored.destinationTable, 'a'),
    base,
    identity: request.identity,
    layout: request.layout,
    totalSegments: request.units.filter((unit) => parseSegmentUnit(unit) !== null).length,
    startedAtMs: nowMs,
    lastCommitAtMs: nowMs,
    rowCount: 0,
    commitCount: 0,
    schemaVersion: schema.schemaVersion,
  };
  await createTable(connection, loadingTableName(stored, loading), request.plan);
  const units = request.units.map((unit) => ({ unit, epoch, position: 'start' }) as const);
  await replaceUnitRows(connection, request, units);
  await replaceSchemaRows(connection, request, schema);
  await saveStoredTable(connection, {
    ...stored,
    loading,
    highestBase: base,
    highestEpoch: epoch,
    resetRequested: stored.resetRequested && !request.answersReset,
  });
}

async function swap(connection: DuckDBConnection, request: FinishVersion): Promise<{ readonly rowCount: number }> {
  const stored = await readCompleteTable(connection, request);
  const { source, table, liveRowCount } = stored;
  const { version, schemaVersion } = stored.loading;
  const aside = quoteTable(loadingTableName(stored, stored.loading));
  const [counted] = await queryRows(connection, `SELECT count(*) AS n FROM ${aside}`);
  const rowCount = Number(counted?.['n']);
  if (!request.allowShrink && isShrink(liveRowCount, rowCount)) {
    throw new TributaryError(
      'SHRINK_REFUSED',
      `Version ${version} of ${source}.${table} has ${rowCount} rows, the live one has ${liveRowCount}`,
      { context: { source, table, version, rowCount, liveRowCount } },
    );
  }
  await requireFreeName(connection, stored);
  await connection.run(`DROP TABLE IF EXISTS ${quoteTable(liveTableName(stored))}`);
  await connection.run(`ALTER TABLE ${aside} RENAME TO ${quoteName(stored.destinationTable)}`);
  await deleteUnitRows(connection, stored);
  await keepSchemaRows(connection, { source, table, version });
  await keepRejectedRows(connection, liveTableName(stored), version);
  await saveStoredTable(connection, {
    ...stored,
    phase: 'full-table',
    liveVersion: version,
    liveRowCount: rowCount,
    liveSinceMs: request.nowMs,
    liveSchemaVersion: schemaVersion,
    loading: null,
  });
  return { rowCount };
}

/** The table with its loading version, all units of it at `end`; rejects with BUG while one is not. */
async function readCompleteTable(connection: DuckDBConnection, request: FinishVersion): Promise<LoadingTable> {
  const stored = await readLoadingTable(connection, request);
  const units = await readUnitRows(connection, request);
  const open = units.filter(({ position }) => position !== 'end');
  if (open.length === 0) return stored;
  throw new TributaryError(
    'BUG',
    `Version ${request.version} of ${request.source}.${request.table} has ${open.length} unfinished units`,
  );
}

function neverBegun({ source, table, destinationSchema, destinationTable }: BeginVersion): StoredTable {
  return {
    source,
    table,
    destinationSchema,
    destinationTable,
    phase: 'new',
    liveVersion: 0,
    liveRowCount: 0,
    liveSinceMs: null,
    liveSchemaVersion: 0,
    loading: null,
    highestBase: 0n,
    highestEpoch: 0,
    resetRequested: false,
  };
}
