import type { DuckDBConnection } from '@duckdb/node-api';
import type { Batch } from '../../model/batch.ts';
import type { Lane, Load } from '../destination.ts';
import { takenUnits } from '../version-rules.ts';
import { readSchemaRows } from './column-rows.ts';
import type { DuckDbFile } from './connection.ts';
import type { GroupCommit } from './group-commit.ts';
import { readLoadingTable, saveStoredTable } from './table-rows.ts';
import { inTransaction } from './transaction.ts';
import { readUnitRows, takeUnitRows } from './unit-rows.ts';

interface LoadSurroundings {
  readonly file: DuckDbFile;
  readonly groupCommit: GroupCommit;
  /** Readers of the live version see other rows now. */
  readonly onLiveCommit: () => void;
}

/** Takes the units of the lane over and opens its load. */
export async function openLoad(
  { file, groupCommit, onLiveCommit }: LoadSurroundings,
  lane: Lane,
  signal: AbortSignal,
): Promise<Load> {
  const { units, epoch, schema } = await file.write(
    (connection) => inTransaction(connection, signal, () => takeOver(connection, lane)),
    signal,
  );
  let batches: Batch[] = [];
  let knownSchemaVersion = schema.schemaVersion;
  return {
    units,
    epoch,
    schema,
    async write(batch) {
      batches.push(batch);
    },
    async commit(request, { signal: commitSignal }) {
      const remembered = batches;
      batches = [];
      const { schemaVersion } = request.schema;
      const { receipt, isLive } = await groupCommit({
        lane,
        epoch,
        batches: remembered,
        request,
        bringsSchema: schemaVersion > knownSchemaVersion,
        signal: commitSignal,
      });
      knownSchemaVersion = schemaVersion;
      if (isLive && remembered.length > 0) onLiveCommit();
      return receipt;
    },
    async close() {
      batches = [];
    },
  };
}

async function takeOver(connection: DuckDBConnection, lane: Lane): Promise<Pick<Load, 'units' | 'epoch' | 'schema'>> {
  const stored = await readLoadingTable(connection, lane);
  const present = await readUnitRows(connection, lane);
  const presentById = new Map(present.map((state) => [state.unit, state]));
  const epoch = stored.highestEpoch + 1;
  const units = takenUnits(lane, presentById, epoch);
  const taken = [...units.values()].filter(({ position }) => position !== 'end').map(({ unit }) => unit);
  await takeUnitRows(connection, lane, { units: taken, epoch });
  await saveStoredTable(connection, { ...stored, highestEpoch: epoch });
  const schema = await readSchemaRows(connection, lane, stored.loading.schemaVersion);
  return { units, epoch, schema };
}
