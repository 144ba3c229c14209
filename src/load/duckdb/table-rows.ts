import { type DuckDBConnection, DuckDBTimestampTZValue, type DuckDBValue } from '@duckdb/node-api';
import { z } from 'zod';
import type { FollowedStream, LoadingVersion, TableState } from '../../model/table-state.ts';
import type { LoadTarget } from '../destination.ts';
import { fenced } from '../fenced.ts';
import type { VersionId } from '../table-ledger.ts';
import { changeRows, queryRows, type TableName } from './sql.ts';
import { parseStored, RESERVED_PREFIX } from './state-tables.ts';

/** The version that is loaded, and where. */
export interface StoredLoading extends LoadingVersion {
  /** Name of its table in the destination schema: that of the live one, or one beside it, which changes with each rewrite. */
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

/** A table with the version that is loaded. */
export type LoadingTable = StoredTable & { readonly loading: StoredLoading };

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

/** The table with the version that is loaded; rejects with FENCED when it is another version or none. */
export async function readLoadingTable(
  connection: DuckDBConnection,
  target: LoadTarget & VersionId,
): Promise<LoadingTable> {
  const stored = await readStoredTable(connection, target);
  const { version, base } = target;
  if (stored?.loading?.version !== version || stored.loading.base !== base) throw fenced(target, `version ${version}`);
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
    loading_version: loading?.version ?? null,
    loading_table: loading?.tableName ?? null,
    loading_base: loading?.base ?? null,
    loading_identity: loading?.identity ?? null,
    loading_layout: loading?.layout ?? null,
    loading_total_segments: loading?.totalSegments ?? null,
    loading_started_at: timestamp(loading?.startedAtMs ?? null),
    loading_last_commit_at: timestamp(loading?.lastCommitAtMs ?? null),
    loading_row_count: loading?.rowCount ?? null,
    loading_commit_count: loading?.commitCount ?? null,
    loading_schema_version: loading?.schemaVersion ?? null,
    loading_placement: loading?.placement ?? null,
    stream_arn: loading?.stream?.arn ?? null,
    stream_lane_count: loading?.stream?.laneCount ?? null,
    stream_gap_count: loading?.stream?.gapCount ?? null,
    stream_gap_end: timestamp(loading?.stream?.gapEndMs ?? null),
    last_resync_at: timestamp(stored.lastResyncAtMs),
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

/** Where a version is loaded aside: a name that no user table has, not even by chance. Rewriting goes from one copy to the other. */
export function asideTableName({ version, base }: VersionId, destinationTable: string, copy: 'a' | 'b'): string {
  return `${RESERVED_PREFIX}v${version}_${base}${copy}_${destinationTable}`;
}

/**
 * Where the rows of the version go when they are rewritten. Beside the live table one name for all versions, so that what
 * a crash has left there is found.
 */
export function spareTableName(
  { destinationSchema, destinationTable }: StoredTable,
  loading: StoredLoading,
): TableName {
  if (loading.placement === 'live') return rewriteTableName({ destinationSchema, destinationTable });
  const first = asideTableName(loading, destinationTable, 'a');
  const second = asideTableName(loading, destinationTable, 'b');
  return { schema: destinationSchema, table: loading.tableName === first ? second : first };
}

export function rewriteTableName({
  destinationSchema,
  destinationTable,
}: Pick<StoredTable, 'destinationSchema' | 'destinationTable'>): TableName {
  return { schema: destinationSchema, table: `${RESERVED_PREFIX}rewrite_${destinationTable}` };
}

export function timestamp(ms: number | null): DuckDBTimestampTZValue | null {
  return ms === null ? null : new DuckDBTimestampTZValue(BigInt(Math.round(ms)) * 1000n);
}

const SELECT = `SELECT * REPLACE (epoch_ms(live_since) AS live_since, epoch_ms(loading_started_at) AS loading_started_at,
  epoch_ms(loading_last_commit_at) AS loading_last_commit_at, epoch_ms(stream_gap_end) AS stream_gap_end,
  epoch_ms(last_resync_at) AS last_resync_at) FROM main._tributary_tables`;

const count = z.bigint().transform(Number);

const streamColumns = z.object({
  stream_arn: z.string(),
  stream_lane_count: count,
  stream_gap_count: count,
  stream_gap_end: count.nullable(),
});
type StreamColumns = z.infer<typeof streamColumns> | { readonly stream_arn: null };

const loadingColumns = z
  .object({
    loading_version: count,
    loading_placement: z.enum(['aside', 'live']),
    loading_table: z.string(),
    loading_base: z.bigint(),
    loading_identity: z.string(),
    loading_layout: z.string(),
    loading_total_segments: count,
    loading_started_at: count,
    loading_last_commit_at: count,
    loading_row_count: count,
    loading_commit_count: count,
    loading_schema_version: count,
  })
  .and(z.union([streamColumns, z.object({ stream_arn: z.null() })]))
  .transform(
    (row): StoredLoading => ({
      version: row.loading_version,
      placement: row.loading_placement,
      tableName: row.loading_table,
      base: row.loading_base,
      identity: row.loading_identity,
      layout: row.loading_layout,
      totalSegments: row.loading_total_segments,
      startedAtMs: row.loading_started_at,
      lastCommitAtMs: row.loading_last_commit_at,
      rowCount: row.loading_row_count,
      commitCount: row.loading_commit_count,
      schemaVersion: row.loading_schema_version,
      stream: followedStream(row),
    }),
  );

function followedStream(row: StreamColumns): FollowedStream | null {
  if (row.stream_arn === null) return null;
  return {
    arn: row.stream_arn,
    laneCount: row.stream_lane_count,
    gapCount: row.stream_gap_count,
    gapEndMs: row.stream_gap_end,
  };
}

const commonColumns = z
  .object({
    source: z.string(),
    table_name: z.string(),
    destination_schema: z.string(),
    destination_table: z.string(),
    phase: z.enum(['new', 'full-table', 'snapshotting', 'following', 'resyncing', 'gap', 'failed']),
    live_version: count,
    live_row_count: count,
    live_since: count.nullable(),
    live_schema_version: count,
    last_resync_at: count.nullable(),
    highest_base: z.bigint(),
    highest_epoch: count,
    reset_requested: z.boolean(),
  })
  .transform((row) => ({
    source: row.source,
    table: row.table_name,
    destinationSchema: row.destination_schema,
    destinationTable: row.destination_table,
    phase: row.phase,
    liveVersion: row.live_version,
    liveRowCount: row.live_row_count,
    liveSinceMs: row.live_since,
    liveSchemaVersion: row.live_schema_version,
    lastResyncAtMs: row.last_resync_at,
    highestBase: row.highest_base,
    highestEpoch: row.highest_epoch,
    resetRequested: row.reset_requested,
  }));

const noLoading = z.object({ loading_version: z.null() }).transform(() => null);

const tableRows = z.array(
  z.unknown().transform((row, context): StoredTable => {
    const common = commonColumns.safeParse(row);
    const loading = z.union([noLoading, loadingColumns]).safeParse(row);
    if (common.success && loading.success) return { ...common.data, loading: loading.data };
    context.addIssue({ code: 'custom', message: 'not a row of this table' });
    return z.NEVER;
  }),
);
