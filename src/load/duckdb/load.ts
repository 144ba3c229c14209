import type { DuckDBConnection } from '@duckdb/node-api';
import type { Batch } from '../../model/batch.ts';
import type { UnitId } from '../../model/unit.ts';
import type { UnitState } from '../../model/unit-state.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { CommitReceipt, Lane, Load } from '../destination.ts';
import { fenced } from '../fenced.ts';
import { maySucceed } from '../schema-succession.ts';
import { appendBatches } from './chunk-writer.ts';
import { readSchemaRows, replaceSchemaRows } from './column-rows.ts';
import { type DuckDbFile, mergeRowGroups } from './connection.ts';
import { saveRejectedRows } from './rejected-rows.ts';
import { widenTable } from './schema-change.ts';
import { loadingTableName, liveTableName, readLoadingTable, saveStoredTable, spareTableName } from './table-rows.ts';
import { inTransaction } from './transaction.ts';
import { moveUnitRows, readUnitRows, replaceUnitRows } from './unit-rows.ts';

type CommitRequest = Parameters<Load['commit']>[0];

/** A slow scan commits a few rows every some seconds: without merging each would take blocks of the file for itself. */
const SMALL_COMMIT_ROWS = 16_384;

/** Takes the units of the lane over and opens its load. */
export async function openLoad(file: DuckDbFile, lane: Lane, signal: AbortSignal): Promise<Load> {
  const { units, schema } = await file.write(
    (connection) => inTransaction(connection, signal, () => takeOver(connection, lane)),
    signal,
  );
  let batches: Batch[] = [];
  return {
    units,
    schema,
    async write(batch) {
      batches.push(batch);
    },
    async commit(request, { signal: commitSignal }) {
      const remembered = batches;
      batches = [];
      return file.write(
        (connection) =>
          inTransaction(connection, commitSignal, () =>
            commitBatches(connection, lane, remembered, { ...request, signal: commitSignal }),
          ),
        commitSignal,
      );
    },
    async close() {
      batches = [];
    },
  };
}

async function takeOver(connection: DuckDBConnection, lane: Lane): Promise<Pick<Load, 'units' | 'schema'>> {
  const stored = await readLoadingTable(connection, lane);
  const present = await readUnitRows(connection, lane);
  const presentById = new Map(present.map((state) => [state.unit, state]));
  const epoch = stored.highestEpoch + 1;
  const taken = new Map<UnitId, UnitState>();
  for (const unit of lane.units) {
    const state = presentById.get(unit);
    if (state === undefined) throw new TributaryError('BUG', `${lane.source}.${lane.table} has no unit ${unit}`);
    taken.set(unit, state.position === 'end' ? state : { ...state, epoch });
  }
  await replaceUnitRows(
    connection,
    lane,
    present.map((state) => taken.get(state.unit) ?? state),
  );
  await saveStoredTable(connection, { ...stored, highestEpoch: epoch });
  return { units: taken, schema: await readSchemaRows(connection, lane, stored.loading.schemaVersion) };
}

async function commitBatches(
  connection: DuckDBConnection,
  lane: Lane,
  batches: readonly Batch[],
  { moves, plan, schema, nowMs, signal }: CommitRequest & { readonly signal: AbortSignal },
): Promise<CommitReceipt> {
  const stored = await readLoadingTable(connection, lane);
  const { loading } = stored;
  const storedSchema = await readSchemaRows(connection, lane, loading.schemaVersion);
  if (!maySucceed(storedSchema, schema)) throw fenced(lane, 'the schema');
  const change = { plan, spare: spareTableName(stored, loading), isEmpty: loading.rowCount === 0 };
  const name = await widenTable(connection, loadingTableName(stored, loading), change);
  const { appendedRows, rejected } = await appendBatches(connection, name, batches, {
    plan,
    version: loading.version,
    base: loading.base,
    nowMs,
    signal,
  });
  await saveRejectedRows(connection, liveTableName(stored), { version: loading.version, nowMs, rejected });
  const rowCount = loading.rowCount + appendedRows;
  const commitCount = loading.commitCount + (appendedRows > 0 ? 1 : 0);
  if (rowCount < commitCount * SMALL_COMMIT_ROWS) await mergeRowGroups(connection);
  if (schema.schemaVersion > loading.schemaVersion) await replaceSchemaRows(connection, lane, schema);
  await saveStoredTable(connection, {
    ...stored,
    loading: {
      ...loading,
      tableName: name.table,
      rowCount,
      commitCount,
      lastCommitAtMs: nowMs,
      schemaVersion: Math.max(schema.schemaVersion, loading.schemaVersion),
    },
  });
  await moveUnitRows(connection, lane, moves);
  return { receipt: 'durable', upsertedRows: appendedRows, rejectedRows: rejected.length };
}
