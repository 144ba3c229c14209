import type { DuckDBConnection } from '@duckdb/node-api';
import { heldUnit } from '../version-rules.ts';
import { replaceSchemaRows } from './column-rows.ts';
import { readSuccession } from './commit.ts';
import type { LaneCommit } from './lane-commit.ts';
import { copyWidened, planWidening, readTableColumns } from './schema-change.ts';
import { quoteName, quoteTable } from './sql.ts';
import { loadingTableName, rewriteTableName, saveStoredTable } from './table-rows.ts';
import { inTransaction } from './transaction.ts';
import { readUnitRows } from './unit-rows.ts';

/**
 * Widens the live table where that needs a rewrite, before the commits of the table that ask for it: a copy in one
 * transaction, which takes its name in a second, so that none changes rows of a table and renames it. Readers always find
 * a whole table; the schema is stored with the second, so a crash before it leaves a copy that nobody reads, and one
 * behind it a table that is wider than its rows need.
 */
export async function rewriteLiveTable(
  connection: DuckDBConnection,
  commits: readonly LaneCommit[],
  signal: AbortSignal,
): Promise<void> {
  const isCopied = await inTransaction(connection, signal, async () => {
    const { stored, newest } = await readSuccession(connection, commits);
    const { loading } = stored;
    const { plan, schema } = newest.request;
    if (loading.placement === 'aside' || loading.rowCount === 0) return false;
    if (schema.schemaVersion <= loading.schemaVersion) return false;
    const name = loadingTableName(stored, loading);
    const widening = planWidening(await readTableColumns(connection, name), plan);
    if (widening?.needsRewrite !== true) return false;
    await requireUnits(connection, commits);
    await dropRewrittenTable(connection, stored);
    await copyWidened(connection, name, { target: rewriteTableName(stored), plan, widening });
    return true;
  });
  if (!isCopied) return;
  await inTransaction(connection, signal, async () => {
    const { stored, schema, newest } = await readSuccession(connection, commits);
    await requireUnits(connection, commits);
    await connection.run(`DROP TABLE ${quoteTable(loadingTableName(stored, stored.loading))}`);
    const copy = quoteTable(rewriteTableName(stored));
    await connection.run(`ALTER TABLE ${copy} RENAME TO ${quoteName(stored.destinationTable)}`);
    await replaceSchemaRows(connection, newest.lane, schema);
    const { schemaVersion } = schema;
    const loading = { ...stored.loading, schemaVersion };
    await saveStoredTable(connection, { ...stored, liveSchemaVersion: schemaVersion, loading });
  });
}

/** Drops the copy of a live table that a crash has left. */
export async function dropRewrittenTable(
  connection: DuckDBConnection,
  stored: Parameters<typeof rewriteTableName>[0],
): Promise<void> {
  await connection.run(`DROP TABLE IF EXISTS ${quoteTable(rewriteTableName(stored))}`);
}

/** Rejects with FENCED when a unit is not where and whose the moves of the commits say. */
async function requireUnits(connection: DuckDBConnection, commits: readonly LaneCommit[]): Promise<void> {
  for (const { lane, request } of commits) {
    const units = new Map((await readUnitRows(connection, lane)).map((state) => [state.unit, state]));
    for (const move of request.moves) heldUnit(lane, units, move);
  }
}
