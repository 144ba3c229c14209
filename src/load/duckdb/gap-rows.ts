import { BIGINT, type DuckDBConnection, TIMESTAMPTZ, VARCHAR } from '@duckdb/node-api';
import { z } from 'zod';
import { GAP_KINDS, type Gap } from '../../model/gap.ts';
import type { LoadTarget } from '../destination.ts';
import { appendRows } from './append-rows.ts';
import { queryRows } from './sql.ts';
import { parseStored } from './state-tables.ts';
import { timestamp } from './table-rows.ts';

/* The rows of `_tributary_gaps`. */

/** Gaps of a source that are kept. */
const KEPT_GAPS = 1_000;

/** The gaps of a source, the latest first. */
export async function readGapRows(connection: DuckDBConnection, source: string): Promise<readonly Gap[]> {
  const rows = await queryRows(
    connection,
    `SELECT * REPLACE (epoch_ms(from_at) AS from_at, epoch_ms(to_at) AS to_at, epoch_ms(detected_at) AS detected_at,
       epoch_ms(resolved_at) AS resolved_at)
     FROM main._tributary_gaps WHERE source = $1 ORDER BY ${LATEST_FIRST}`,
    [source],
  );
  return parseStored(gapRows, rows, '_tributary_gaps');
}

/** Adds the gaps, each once whatever is repeated, and drops the oldest of the source where there are too many. */
export async function saveGapRows(connection: DuckDBConnection, source: string, gaps: readonly Gap[]): Promise<void> {
  if (gaps.length === 0) return;
  const known = new Set((await readGapRows(connection, source)).map(({ gapId }) => gapId));
  await appendRows(
    connection,
    { schema: 'main', table: '_tributary_gaps' },
    [
      ...[VARCHAR, VARCHAR, VARCHAR, BIGINT, VARCHAR, VARCHAR, VARCHAR],
      ...[TIMESTAMPTZ, TIMESTAMPTZ, TIMESTAMPTZ, VARCHAR, VARCHAR, TIMESTAMPTZ],
    ],
    gaps
      .filter(({ gapId }) => !known.has(gapId))
      .map((gap) => [
        ...[gap.gapId, gap.source, gap.table, BigInt(gap.version), gap.kind, gap.streamArn, gap.shard],
        ...[timestamp(gap.fromMs), timestamp(gap.toMs), timestamp(gap.detectedAtMs), gap.detail, gap.reaction],
        timestamp(gap.resolvedAtMs),
      ]),
  );
  await connection.run(
    `DELETE FROM main._tributary_gaps WHERE source = $1 AND rowid NOT IN (
       SELECT rowid FROM main._tributary_gaps WHERE source = $1 ORDER BY ${LATEST_FIRST} LIMIT $2)`,
    [source, KEPT_GAPS],
  );
}

/** The table is whole again. */
export async function resolveGapRows(
  connection: DuckDBConnection,
  { source, table }: LoadTarget,
  nowMs: number,
): Promise<void> {
  await connection.run(
    'UPDATE main._tributary_gaps SET resolved_at = $3 WHERE source = $1 AND table_name = $2 AND resolved_at IS NULL',
    [source, table, timestamp(nowMs)],
  );
}

const LATEST_FIRST = 'detected_at DESC, rowid DESC';

const count = z.bigint().transform(Number);

const gapRows = z.array(
  z
    .object({
      gap_id: z.string(),
      source: z.string(),
      table_name: z.string(),
      version: count,
      kind: z.enum(GAP_KINDS),
      stream_arn: z.string(),
      shard: z.string().nullable(),
      from_at: count.nullable(),
      to_at: count,
      detected_at: count,
      detail: z.string(),
      reaction: z.enum(['resync', 'waits', 'failed']),
      resolved_at: count.nullable(),
    })
    .transform(
      (row): Gap => ({
        gapId: row.gap_id,
        source: row.source,
        table: row.table_name,
        version: row.version,
        kind: row.kind,
        streamArn: row.stream_arn,
        shard: row.shard,
        fromMs: row.from_at,
        toMs: row.to_at,
        detectedAtMs: row.detected_at,
        detail: row.detail,
        reaction: row.reaction,
        resolvedAtMs: row.resolved_at,
      }),
    ),
);
