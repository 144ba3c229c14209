import { type DuckDBConnection, DuckDBTimestampTZValue, type DuckDBValue } from '@duckdb/node-api';
import { z } from 'zod';
import type { LoadingVersion, TableState } from '../../model/table-state.ts';
import type { LoadTarget } from '../destination.ts';
import { fenced } from '../fenced.ts';
import type { VersionId } from '../table-ledger.ts';
import { changeRows, queryRows, type TableName } from './sql.ts';
import { parseStored, RESERVED_PREFIX } from './state-tables.ts';

/** A version that is being built, and where. */
export interface StoredLoading extends LoadingVersion {
  /** Name of its table in the destination schema; another one after each rewrite. */
  readonly tableName: string;
  readonly schemaVersion: number;
  /** Commits that brought rows. */
  readonly commitCount: number;
}

/** One row of `_tributary_tables`: the state that the port shows and what only this adapter needs. */
export interface StoredTable extends TableState {
  readonly loading: StoredLoading | null;
  readonly liveSchemaVersion: number;
  /** Greatest epoch that any unit of any version ever had: epochs never come twice, so zombies always miss. */
  readonly highestEpoch: number;
}

export async function readStoredTable(
  connection: DuckDBConnection,
  { source, table }: LoadTarget,
): Promise<StoredTable | null> {
  const rows = await queryRows(connection, `${SELECT} WHERE source = $1 AND table_name = $2`, [source, table]);
  return parseStored(tableRows, rows, '_tributary_tables')[0] ?? null;
}

/** All tables of the source by name, or of all sources. */
export async function readStoredTables(
  connection: DuckDBConnection,
  source: string | null,
): Promise<readonly StoredTable[]> {
  const rows = await (source === null
    ? queryRows(connection, `${SELECT} ORDER BY source, table_name`)
    : queryRows(connection, `${SELECT} WHERE source = $1 ORDER BY table_name`, [source]));
  return parseStored(tableRows, rows, '_tributary_tables');
}

/** The table with the version that is being built; rejects with FENCED when it is another version or none. */
export async function readLoadingTable(
  connection: DuckDBConnection,
  target: LoadTarget & VersionId,
): Promise<StoredTable & { readonly loading: StoredLoading }> {
  const stored = await readStoredTable(connection, target);
  const { version, base } = target;
  if (stored?.loading?.version !== version || stored.loading.base !== base)
    throw fenced(target, `version ${version}`);
  return { ...stored, loading: stored.loading };
}

/** Inserts the row of the table, or updates it in its place: a row that is deleted at each commit would fill the file. */
export async function saveStoredTable(connection: DuckDBConnection, stored: StoredTable): Promise<void> {
  const { source, table, loading } = stored;
  const values: Record<string, DuckDBValue> = {
    destination_schema: stored.destinationSchema,
    destination_table: stored.destinationTable,
    phase: stored.phase,
    live_version: stored.liveVersion,
    live_row_count: stored.liveRowCount,
    live_since: timestamp(stored.liveSinceMs),
    live_schema_version: stored.liveSchemaVersion,
    building_version: loading?.version ?? null,
    building_table: loading?.tableName ?? null,
    building_base: loading?.base ?? null,
    building_identity: loading?.identity ?? null,
    building_layout: loading?.layout ?? null,
    building_total_segments: loading?.totalSegments ?? null,
    building_started_at: timestamp(loading?.startedAtMs ?? null),
    building_last_commit_at: timestamp(loading?.lastCommitAtMs ?? null),
    building_row_count: loading?.rowCount ?? null,
    building_commit_count: loading?.commitCount ?? null,
    building_schema_version: loading?.schemaVersion ?? null,
    highest_base: stored.highestBase,
    highest_epoch: stored.highestEpoch,
    reset_requested: stored.resetRequested,
  };
  const columns = Object.keys(values);
  const bound = [source, table, ...Object.values(values)];
  const assignments = columns.map((column, index) => `${column} = $${index + 3}`).join(', ');
  const updated = await changeRows(
    connection,
    `UPDATE main._tributary_tables SET ${assignments} WHERE source = $1 AND table_name = $2`,
    bound,
  );
  if (updated > 0) return;
  const places = bound.map((_, index) => `$${index + 1}`).join(', ');
  await connection.run(
    `INSERT INTO main._tributary_tables (source, table_name, ${columns.join(', ')}) VALUES (${places})`,
    bound,
  );
}

export function liveTableName({ destinationSchema, destinationTable }: StoredTable): TableName {
  return { schema: destinationSchema, table: destinationTable };
}

export function loadingTableName({ destinationSchema }: StoredTable, { tableName }: StoredLoading): TableName {
  return { schema: destinationSchema, table: tableName };
}

/** Where a version is built: a name that no user table has, not even by chance. Rewriting goes from one copy to the other. */
export function asideTableName({ version, base }: VersionId, destinationTable: string, copy: 'a' | 'b'): string {
  return `${RESERVED_PREFIX}v${version}_${base}${copy}_${destinationTable}`;
}

/** Where the rows of the version go when they are rewritten. */
export function spareTableName(
  { destinationSchema, destinationTable }: StoredTable,
  loading: StoredLoading,
): TableName {
  const first = asideTableName(loading, destinationTable, 'a');
  const second = asideTableName(loading, destinationTable, 'b');
  return { schema: destinationSchema, table: loading.tableName === first ? second : first };
}

export function timestamp(ms: number | null): DuckDBTimestampTZValue | null {
  return ms === null ? null : new DuckDBTimestampTZValue(BigInt(Math.round(ms)) * 1000n);
}

const SELECT = `SELECT * REPLACE (epoch_ms(live_since) AS live_since, epoch_ms(building_started_at) AS building_started_at,
  epoch_ms(building_last_commit_at) AS building_last_commit_at) FROM main._tributary_tables`;

const count = z.bigint().transform(Number);

const loadingColumns = z.object({
  building_version: count,
  building_table: z.string(),
  building_base: z.bigint(),
  building_identity: z.string(),
  building_layout: z.string(),
  building_total_segments: count,
  building_started_at: count,
  building_last_commit_at: count,
  building_row_count: count,
  building_commit_count: count,
  building_schema_version: count,
});

const commonColumns = z.object({
  source: z.string(),
  table_name: z.string(),
  destination_schema: z.string(),
  destination_table: z.string(),
  phase: z.enum(['new', 'full-table']),
  live_version: count,
  live_row_count: count,
  live_since: count.nullable(),
  live_schema_version: count,
  highest_base: z.bigint(),
  highest_epoch: count,
  reset_requested: z.boolean(),
});

const tableRows = z.array(
  z
    .union([commonColumns.extend(loadingColumns.shape), commonColumns.extend({ building_version: z.null() })])
    .transform(
      (row): StoredTable => ({
        source: row.source,
        table: row.table_name,
        destinationSchema: row.destination_schema,
        destinationTable: row.destination_table,
        phase: row.phase,
        liveVersion: row.live_version,
        liveRowCount: row.live_row_count,
        liveSinceMs: row.live_since,
        liveSchemaVersion: row.live_schema_version,
        loading:
          row.building_version === null
            ? null
            : {
                version: row.building_version,
                tableName: row.building_table,
                base: row.building_base,
                identity: row.building_identity,
                layout: row.building_layout,
                totalSegments: row.building_total_segments,
                startedAtMs: row.building_started_at,
                lastCommitAtMs: row.building_last_commit_at,
                rowCount: row.building_row_count,
                commitCount: row.building_commit_count,
                schemaVersion: row.building_schema_version,
              },
        highestBase: row.highest_base,
        highestEpoch: row.highest_epoch,
        resetRequested: row.reset_requested,
      }),
    ),
);
