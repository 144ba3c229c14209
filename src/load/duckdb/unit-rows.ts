import { BIGINT, type DuckDBConnection, VARCHAR } from '@duckdb/node-api';
import { z } from 'zod';
import type { UnitMove, UnitState } from '../../model/unit-state.ts';
import type { LoadTarget } from '../destination.ts';
import { fenced } from '../fenced.ts';
import { storedPosition, storedUnit } from '../stored-state.ts';
import { appendRows } from './append-rows.ts';
import { changeRows, queryRows } from './sql.ts';
import { parseStored } from './state-tables.ts';

/* The rows of `_tributary_state`: one for each unit of the version that is being built. */

interface VersionOfTable extends LoadTarget {
  readonly version: number;
}

export async function readUnitRows(
  connection: DuckDBConnection,
  { source, table, version }: VersionOfTable,
): Promise<readonly UnitState[]> {
  const rows = await queryRows(
    connection,
    `SELECT unit, epoch, position FROM main._tributary_state
     WHERE source = $1 AND table_name = $2 AND version = $3 ORDER BY rowid`,
    [source, table, version],
  );
  return parseStored(unitRows, rows, '_tributary_state');
}

/** Replaces the units of every version of the table. */
export async function replaceUnitRows(
  connection: DuckDBConnection,
  { source, table, version }: VersionOfTable,
  units: readonly UnitState[],
): Promise<void> {
  await deleteUnitRows(connection, { source, table });
  await appendRows(
    connection,
    { schema: 'main', table: '_tributary_state' },
    [VARCHAR, VARCHAR, BIGINT, VARCHAR, BIGINT, VARCHAR],
    units.map(({ unit, epoch, position }) => [source, table, BigInt(version), unit, BigInt(epoch), position]),
  );
}

export async function deleteUnitRows(connection: DuckDBConnection, { source, table }: LoadTarget): Promise<void> {
  await connection.run('DELETE FROM main._tributary_state WHERE source = $1 AND table_name = $2', [source, table]);
}

/** Moves each unit if it is still where and whose the move says; rejects with FENCED at the first that is not. */
export async function moveUnitRows(
  connection: DuckDBConnection,
  target: VersionOfTable,
  moves: readonly UnitMove[],
): Promise<void> {
  const { source, table, version } = target;
  for (const { unit, epoch, from, to } of moves) {
    const changed = await changeRows(
      connection,
      `UPDATE main._tributary_state SET position = $1
       WHERE source = $2 AND table_name = $3 AND version = $4 AND unit = $5 AND epoch = $6 AND position = $7`,
      [to, source, table, version, unit, epoch, from],
    );
    if (changed !== 1) throw fenced(target, `the unit ${unit}`);
  }
}

const unitRows = z.array(z.object({ unit: storedUnit, epoch: z.bigint().transform(Number), position: storedPosition }));
