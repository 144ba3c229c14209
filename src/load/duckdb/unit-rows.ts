import { BIGINT, type DuckDBConnection, TIMESTAMPTZ, VARCHAR } from '@duckdb/node-api';
import { z } from 'zod';
import type { UnitId } from '../../model/unit.ts';
import type { NewUnit, ShardBookmark, UnitMove, UnitState } from '../../model/unit-state.ts';
import type { LoadTarget } from '../destination.ts';
import { fenced } from '../fenced.ts';
import { storedPosition, storedUnit } from '../stored-state.ts';
import { appendRows } from './append-rows.ts';
import { changeRows, queryRows, quoteTable, temporaryTable } from './sql.ts';
import { parseStored } from './state-tables.ts';
import { timestamp } from './table-rows.ts';

/*
 * The rows of `_tributary_state`: one for each unit of the version that is loaded. There may be thousands, so that those
 * of one step are changed by one statement.
 */

interface VersionOfTable extends LoadTarget {
  readonly version: number;
}

export async function readUnitRows(
  connection: DuckDBConnection,
  { source, table, version }: VersionOfTable,
): Promise<readonly UnitState[]> {
  const rows = await queryRows(
    connection,
    `SELECT unit, epoch, position, sequence, epoch_ms(verified_through) AS verified_through, parent, lane,
       epoch_ms(first_listed_at) AS first_listed_at
     FROM main._tributary_state WHERE ${OF_VERSION} ORDER BY rowid`,
    [source, table, version],
  );
  return parseStored(unitRows, rows, '_tributary_state');
}

/** Replaces the units of every version of the table. */
export async function replaceUnitRows(
  connection: DuckDBConnection,
  target: VersionOfTable,
  units: readonly UnitState[],
): Promise<void> {
  await deleteUnitRows(connection, target);
  await appendUnitRows(connection, target, units);
}

export async function deleteUnitRows(connection: DuckDBConnection, { source, table }: LoadTarget): Promise<void> {
  await connection.run('DELETE FROM main._tributary_state WHERE source = $1 AND table_name = $2', [source, table]);
}

/** Gives the units the epoch. */
export async function takeUnitRows(
  connection: DuckDBConnection,
  target: VersionOfTable,
  { units, epoch }: { readonly units: readonly UnitId[]; readonly epoch: number },
): Promise<void> {
  const { source, table, version } = target;
  await withNamedUnits(connection, units, (named) =>
    connection.run(
      `UPDATE main._tributary_state SET epoch = $4 FROM ${named} AS named WHERE ${OF_VERSION} AND _tributary_state.unit = named.unit`,
      [source, table, version, epoch],
    ),
  );
}

/**
 * Moves the units that are still where and whose the moves say, and brings the progress of shards up to date. Rejects with
 * FENCED when one is not.
 */
export async function moveUnitRows(
  connection: DuckDBConnection,
  target: VersionOfTable,
  moves: readonly UnitMove[],
): Promise<void> {
  if (moves.length === 0) return;
  const { source, table, version } = target;
  await connection.run(
    `CREATE TEMP TABLE ${MOVES.table} (unit VARCHAR, epoch BIGINT, from_position VARCHAR, to_position VARCHAR,
       sequence BIGINT, verified_through TIMESTAMPTZ)`,
  );
  await appendRows(
    connection,
    MOVES,
    [VARCHAR, BIGINT, VARCHAR, VARCHAR, BIGINT, TIMESTAMPTZ],
    moves.map(({ unit, epoch, from, to, shard }) => [
      ...[unit, BigInt(epoch), from, to],
      ...[shard?.sequence ?? null, timestamp(shard?.verifiedThroughMs ?? null)],
    ]),
  );
  const moved = await changeRows(
    connection,
    `UPDATE main._tributary_state SET position = moves.to_position,
       sequence = coalesce(moves.sequence, _tributary_state.sequence),
       verified_through = coalesce(moves.verified_through, _tributary_state.verified_through)
     FROM ${quoteTable(MOVES)} AS moves
     WHERE ${OF_VERSION} AND _tributary_state.unit = moves.unit AND _tributary_state.epoch = moves.epoch
       AND position = moves.from_position`,
    [source, table, version],
  );
  await connection.run(`DROP TABLE ${quoteTable(MOVES)}`);
  if (moved !== moves.length) throw fenced(target, `${moves.length - moved} of ${moves.length} units`);
}

/** Adds units that begin; rejects with FENCED when one of them is there already. */
export async function openUnitRows(
  connection: DuckDBConnection,
  target: VersionOfTable,
  units: readonly UnitState[],
): Promise<void> {
  if (units.length === 0) return;
  const { source, table, version } = target;
  const names = units.map(({ unit }) => unit);
  const present = await withNamedUnits(connection, names, (named) =>
    queryRows(
      connection,
      `SELECT unit FROM main._tributary_state WHERE ${OF_VERSION} AND unit IN (SELECT unit FROM ${named})`,
      [source, table, version],
    ),
  );
  if (present.length > 0) throw fenced(target, `the unit ${String(present[0]?.['unit'])}`);
  await appendUnitRows(connection, target, units);
}

/** Drops units that are read to their end. */
export async function pruneUnitRows(
  connection: DuckDBConnection,
  { source, table, version }: VersionOfTable,
  units: readonly UnitId[],
): Promise<void> {
  if (units.length === 0) return;
  await withNamedUnits(connection, units, (named) =>
    connection.run(
      `DELETE FROM main._tributary_state
       WHERE ${OF_VERSION} AND position = 'end' AND unit IN (SELECT unit FROM ${named})`,
      [source, table, version],
    ),
  );
}

/** The units as they begin, all with one epoch. */
export function newUnitStates(units: readonly NewUnit[], epoch: number): readonly UnitState[] {
  return units.map(({ unit, position, shard }) => ({ unit, position, shard, epoch }));
}

const OF_VERSION = 'source = $1 AND table_name = $2 AND version = $3';
const MOVES = temporaryTable('_tributary_moves');
const NAMED = temporaryTable('_tributary_named');

/** Runs `use` with the name of a temporary table that has the units in its column `unit`. */
async function withNamedUnits<T>(
  connection: DuckDBConnection,
  units: readonly UnitId[],
  use: (named: string) => Promise<T>,
): Promise<T> {
  const named = quoteTable(NAMED);
  await connection.run(`CREATE TEMP TABLE ${NAMED.table} (unit VARCHAR)`);
  await appendRows(
    connection,
    NAMED,
    [VARCHAR],
    units.map((unit) => [unit]),
  );
  const result = await use(named);
  await connection.run(`DROP TABLE ${named}`);
  return result;
}

async function appendUnitRows(
  connection: DuckDBConnection,
  { source, table, version }: VersionOfTable,
  units: readonly UnitState[],
): Promise<void> {
  await appendRows(
    connection,
    { schema: 'main', table: '_tributary_state' },
    [...[VARCHAR, VARCHAR, BIGINT, VARCHAR, BIGINT, VARCHAR], ...[BIGINT, TIMESTAMPTZ, VARCHAR, BIGINT, TIMESTAMPTZ]],
    units.map(({ unit, epoch, position, shard }) => [
      ...[source, table, BigInt(version), unit, BigInt(epoch), position],
      ...[shard?.sequence ?? null, timestamp(shard?.verifiedThroughMs ?? null), shard?.parent ?? null],
      ...[shard === null ? null : BigInt(shard.lane), timestamp(shard?.firstListedAtMs ?? null)],
    ]),
  );
}

const count = z.bigint().transform(Number);

const shardColumns = z
  .object({
    sequence: z.bigint(),
    verified_through: count,
    parent: z.string().nullable(),
    lane: count,
    first_listed_at: count,
  })
  .transform(
    (row): ShardBookmark => ({
      sequence: row.sequence,
      verifiedThroughMs: row.verified_through,
      parent: row.parent,
      lane: row.lane,
      firstListedAtMs: row.first_listed_at,
    }),
  );

const segmentColumns = z.object({ lane: z.null() }).transform(() => null);

const unitRows = z.array(
  z.looseObject({ unit: storedUnit, epoch: count, position: storedPosition }).transform((row, context): UnitState => {
    const { unit, epoch, position } = row;
    const shard = z.union([segmentColumns, shardColumns]).safeParse(row);
    if (shard.success) return { unit, epoch, position, shard: shard.data };
    context.addIssue({ code: 'custom', message: 'not the progress of a shard' });
    return z.NEVER;
  }),
);
