import type { DuckDBConnection } from '@duckdb/node-api';
import type { HaltTable, LoadTarget, ResyncVersion } from '../destination.ts';
import type { VersionId } from '../table-ledger.ts';
import { requireStream, resynced } from '../version-rules.ts';
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
  const { raisedBase, identity, stream, segments, nowMs } = request;
  const stored = await readFollowedTable(connection, request);
  const present = await readUnitRows(connection, request);
  const { phase, lastResyncAtMs, units } = resynced(request, { ...stored, units: present });
  const epoch = stored.highestEpoch + 1;
  await replaceUnitRows(connection, request, newUnitStates(units, epoch));
  await saveGapRows(connection, request.source, request.gaps);
  await saveStoredTable(connection, {
    ...stored,
    phase,
    highestBase: raisedBase,
    highestEpoch: epoch,
    lastResyncAtMs,
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
  requireStream(request, stored.loading.stream);
  return stored;
}
