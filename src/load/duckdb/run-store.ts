import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import type { Gap } from '../../model/gap.ts';
import type { RunRecord } from '../../model/run.ts';
import type { RewriteUnits, RunStore } from '../../model/run-store.ts';
import type { TableState } from '../../model/table-state.ts';
import { parseSegmentUnit } from '../../model/unit.ts';
import { runRecordSchema } from '../stored-run-record.ts';
import { storedJson } from '../stored-state.ts';
import { dropLoading } from './begin-version.ts';
import { readSchemaRows } from './column-rows.ts';
import type { DuckDbFile } from './connection.ts';
import { readGapRows } from './gap-rows.ts';
import { queryRows } from './sql.ts';
import { parseStored } from './state-tables.ts';
import {
  readLoadingTable,
  readStoredTable,
  readStoredTables,
  type StoredTable,
  saveStoredTable,
  timestamp,
} from './table-rows.ts';
import { inTransaction } from './transaction.ts';
import { newUnitStates, readUnitRows, replaceUnitRows } from './unit-rows.ts';

/** Runs of a source that are kept. */
const KEPT_RUNS = 1_000;

/** The run store in the `_tributary_*` tables of the file. `closed` ends every wait for the file. */
export function createDuckDbRunStore(file: DuckDbFile, closed: AbortSignal): RunStore {
  /** Reads when there is state to read, else gives `none`. */
  const read = async <T>(none: T, use: (connection: DuckDBConnection) => Promise<T>): Promise<T> =>
    (await file.read(use, closed)) ?? none;
  return {
    readTables: (source) =>
      read<readonly TableState[]>([], async (connection) => {
        return (await readStoredTables(connection, source)).map(tableState);
      }),
    readUnits: (source, table) =>
      read([], async (connection) => {
        const loading = (await readStoredTable(connection, { source, table }))?.loading;
        return loading ? readUnitRows(connection, { source, table, version: loading.version }) : [];
      }),
    readSchema: (source, table) =>
      read(null, async (connection) => {
        const stored = await readStoredTable(connection, { source, table });
        if (stored === null || (stored.loading === null && stored.liveVersion === 0)) return null;
        const version = stored.loading?.version ?? stored.liveVersion;
        const schemaVersion = stored.loading?.schemaVersion ?? stored.liveSchemaVersion;
        return readSchemaRows(connection, { source, table, version }, schemaVersion);
      }),
    readRuns: (source, limit) =>
      read<readonly RunRecord[]>([], async (connection) => {
        const rows = await queryRows(
          connection,
          'SELECT record FROM main._tributary_runs WHERE source = $1 ORDER BY started_at DESC, run_id DESC LIMIT $2',
          [source, limit],
        );
        return parseStored(runRows, rows, '_tributary_runs').map(({ record }) => record);
      }),
    saveRun: (run) =>
      file.write((connection) => inTransaction(connection, closed, () => replaceRun(connection, run)), closed),
    async requestReset(source, table) {
      if ((await read(null, (connection) => readStoredTable(connection, { source, table }))) === null) return false;
      return file.write(
        (connection) =>
          inTransaction(connection, closed, async () => {
            const stored = await readStoredTable(connection, { source, table });
            if (stored === null) return false;
            await saveStoredTable(connection, { ...(await dropLoading(connection, stored)), resetRequested: true });
            return true;
          }),
        closed,
      );
    },
    readGaps: (source) => read<readonly Gap[]>([], (connection) => readGapRows(connection, source)),
    rewriteUnits: (request) =>
      file.write((connection) => inTransaction(connection, closed, () => rewriteUnits(connection, request)), closed),
  };
}

/** What the port shows of a stored table. */
function tableState({ highestEpoch: _, liveSchemaVersion: __, loading, ...state }: StoredTable): TableState {
  if (loading === null) return { ...state, loading };
  const { tableName: ___, schemaVersion: ____, commitCount: _____, ...shown } = loading;
  return { ...state, loading: shown };
}

async function rewriteUnits(connection: DuckDBConnection, request: RewriteUnits): Promise<void> {
  const stored = await readLoadingTable(connection, request);
  const epoch = stored.highestEpoch + 1;
  const units = new Map((await readUnitRows(connection, request)).map((state) => [state.unit, state]));
  for (const state of newUnitStates(request.units, epoch)) units.set(state.unit, state);
  await replaceUnitRows(connection, request, newUnitStates([...units.values()], epoch));
  const totalSegments = [...units.keys()].filter((unit) => parseSegmentUnit(unit) !== null).length;
  const loading = { ...stored.loading, totalSegments };
  await saveStoredTable(connection, { ...stored, loading, highestEpoch: epoch });
}

async function replaceRun(connection: DuckDBConnection, run: RunRecord): Promise<void> {
  const { source, runId } = run;
  await connection.run('DELETE FROM main._tributary_runs WHERE source = $1 AND run_id = $2', [source, runId]);
  await connection.run('INSERT INTO main._tributary_runs VALUES ($1, $2, $3, $4, $5)', [
    source,
    runId,
    timestamp(run.startedAtMs),
    timestamp(run.endedAtMs),
    JSON.stringify(run),
  ]);
  await connection.run(
    `DELETE FROM main._tributary_runs WHERE source = $1 AND run_id NOT IN (
       SELECT run_id FROM main._tributary_runs WHERE source = $1 ORDER BY started_at DESC, run_id DESC LIMIT $2)`,
    [source, KEPT_RUNS],
  );
}

const runRows = z.array(z.object({ record: storedJson(runRecordSchema) }));
