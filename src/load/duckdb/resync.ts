import type { DuckDBConnection } from '@duckdb/node-api';
import { TributaryError } from '../../platform/errors.ts';
import type { HaltTable, LoadTarget, ResyncVersion } from '../destination.ts';
import type { VersionId } from '../table-ledger.ts';
import type { DuckDbFile } from './connection.ts';
import { saveGapRows } from './gap-rows.ts';
import { type LoadingTable, readLoadingTable, saveStoredTable } from './table-rows.ts';
import { inTransaction } from './transaction.ts';
import { newUnitStates, readUnitRows, replaceUnitRows } from './unit-rows.ts';

/** Reads the version again in place after a gap: see `Destination.gaps.resync`. */
export async function resyncVersion(file: DuckDbFile, request: ResyncVersion, signal: AbortSignal): Promise<void> {
  await file.write((connection) => inTransaction(connection, signal, () => resync(connection, request)), signal);
}

/** Stops the table until a person decides. */
export async function haltTable(file: DuckDbFile, request: HaltTable, signal: AbortSignal): Promise<void> {
  await file.write(
    (connection) =>
      inTransaction(connection, signal, async () => {
        const stored = await readFollowedTable(connection, request);
        await saveGapRows(connection, request.source, request.gaps);
        await saveStoredTable(connection, { ...stored, phase: request.phase });
      }),
    signal,
  );
}

async function resync(connection: DuckDBConnection, request: ResyncVersion): Promise<void> {
  const { source, table, raisedBase, identity, stream, segments, captured, dropped, asked, nowMs } = request;
  const stored = await readFollowedTable(connection, request);
  if (raisedBase <= stored.highestBase) {
    throw new TributaryError('BUG', `The raised base of ${source}.${table} is not above ${stored.highestBase}`);
  }
  const replaced = new Set([...dropped, ...captured.map(({ unit }) => unit)]);
  const units = await readUnitRows(connection, request);
  const kept = units.filter(({ unit, shard }) => shard !== null && !replaced.has(unit));
  // A new epoch for all: nothing that was read under the old base may become durable.
  const epoch = stored.highestEpoch + 1;
  await replaceUnitRows(connection, request, newUnitStates([...kept, ...captured, ...segments], epoch));
  await saveGapRows(connection, source, request.gaps);
  await saveStoredTable(connection, {
    ...stored,
    phase: stored.phase === 'snapshotting' ? 'snapshotting' : 'resyncing',
    highestBase: raisedBase,
    highestEpoch: epoch,
    lastResyncAtMs: asked ? stored.lastResyncAtMs : nowMs,
    loading: {
      ...stored.loading,
      base: raisedBase,
      identity,
      stream,
      totalSegments: segments.length,
      lastCommitAtMs: nowMs,
    },
  });
}

async function readFollowedTable(connection: DuckDBConnection, request: LoadTarget & VersionId): Promise<LoadingTable> {
  const stored = await readLoadingTable(connection, request);
  if (stored.loading.stream !== null) return stored;
  const { source, table, version } = request;
  throw new TributaryError('BUG', `Version ${version} of ${source}.${table} has no stream`);
}
