import type { DuckDBConnection } from '@duckdb/node-api';
import { parseSegmentUnit } from '../../model/unit.ts';
import type { BeginVersion } from '../destination.ts';
import { requireBeginning } from '../version-rules.ts';
import { keepSchemaRows, replaceSchemaRows } from './column-rows.ts';
import { type DuckDbFile, mergeRowGroups } from './connection.ts';
import { saveGapRows } from './gap-rows.ts';
import { dropRewrittenTable } from './live-rewrite.ts';
import { requireFreeName } from './name-check.ts';
import { keepRejectedRows } from './rejected-rows.ts';
import { createTable } from './schema-change.ts';
import { quoteSchema, quoteTable } from './sql.ts';
import {
  asideTableName,
  liveTableName,
  loadingTableName,
  readStoredTable,
  type StoredLoading,
  type StoredTable,
  saveStoredTable,
} from './table-rows.ts';
import { inTransaction } from './transaction.ts';
import { deleteUnitRows, newUnitStates, replaceUnitRows } from './unit-rows.ts';

/** Creates the version, its units and its table; drops one that was loaded aside before, and the units of a live one. */
export async function beginVersion(file: DuckDbFile, request: BeginVersion, signal: AbortSignal): Promise<void> {
  await file.write((connection) => inTransaction(connection, signal, () => begin(connection, request)), signal);
}

/** The state without bookmarks: a version that is aside is dropped with its rows, a live one stays as it is. */
export async function dropLoading(connection: DuckDBConnection, stored: StoredTable): Promise<StoredTable> {
  const { source, table, liveVersion, loading } = stored;
  if (loading === null) return stored;
  await deleteUnitRows(connection, stored);
  if (loading.placement === 'live') await dropRewrittenTable(connection, stored);
  else await connection.run(`DROP TABLE IF EXISTS ${quoteTable(loadingTableName(stored, loading))}`);
  await keepSchemaRows(connection, { source, table, version: liveVersion });
  await keepRejectedRows(connection, liveTableName(stored), liveVersion);
  return { ...stored, phase: phaseWithoutLoading(stored), loading: null };
}

async function begin(connection: DuckDBConnection, request: BeginVersion): Promise<void> {
  const { version, base, placement, stream, plan, schema, nowMs } = request;
  const before = (await readStoredTable(connection, request)) ?? neverBegun(request);
  requireBeginning(request, before);
  const isLive = placement === 'live';
  await requireFreeName(connection, before);
  // Once a version is often enough for what versions leave behind, and in time for the live table that readers scan.
  await mergeRowGroups(connection);
  const stored = await dropLoading(connection, before);
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoteSchema(stored.destinationSchema)}`);
  // One above every epoch that was given: a lane of a dropped version with this number and these units must miss.
  const epoch = stored.highestEpoch + 1;
  const loading: StoredLoading = {
    version,
    placement,
    tableName: isLive ? stored.destinationTable : asideTableName(request, stored.destinationTable, 'a'),
    base,
    identity: request.identity,
    layout: request.layout,
    totalSegments: request.units.filter(({ unit }) => parseSegmentUnit(unit) !== null).length,
    startedAtMs: nowMs,
    lastCommitAtMs: nowMs,
    rowCount: 0,
    commitCount: 0,
    schemaVersion: schema.schemaVersion,
    stream,
  };
  await createTable(connection, loadingTableName(stored, loading), { plan, followsStream: stream !== null });
  await replaceUnitRows(connection, request, newUnitStates(request.units, epoch));
  await replaceSchemaRows(connection, request, schema);
  await saveGapRows(connection, request.source, request.gaps);
  await saveStoredTable(connection, {
    ...stored,
    ...(isLive && { liveVersion: version, liveSinceMs: nowMs, liveSchemaVersion: schema.schemaVersion }),
    phase: stream === null ? phaseWithoutLoading(stored) : 'snapshotting',
    loading,
    highestBase: base,
    highestEpoch: epoch,
    resetRequested: stored.resetRequested && !request.answersReset,
  });
}

/** Also that of a table whose version without a stream is loaded. */
function phaseWithoutLoading({ liveVersion }: StoredTable): StoredTable['phase'] {
  return liveVersion === 0 ? 'new' : 'full-table';
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
    lastResyncAtMs: null,
    resetRequested: false,
  };
}
