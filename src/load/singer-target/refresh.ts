import type { Gap } from '../../model/gap.ts';
import { TributaryError } from '../../platform/errors.ts';
import { formatCount } from '../../platform/format.ts';
import type { Logger } from '../../platform/logger.ts';
import type { BeginVersion, FinishVersion, HaltTable, ResyncVersion } from '../destination.ts';
import { haltTable, resyncVersion } from '../stream-ledger.ts';
import { beginVersion, completeVersion, finishVersion, nameOf } from '../table-ledger.ts';
import type { SingerTargetOptions } from './options.ts';
import { keyOf, schemaOf } from './record-messages.ts';
import type { TargetPipe } from './target-session.ts';
import { type StoredTable, streamOf, type TargetTable } from './target-table.ts';
import type { TargetTables } from './target-tables.ts';

/* The life of versions. Each step is called while nobody else sends. */

/** Begins a version: nothing is sent before it has rows. */
export async function beginTable(tables: TargetTables, request: BeginVersion, pipe: TargetPipe): Promise<void> {
  const table = tables.find(request);
  if (table !== null) await settled(table, pipe);
  const before = table?.durable ?? null;
  const singerVersion = singerVersionAfter(before, request.nowMs);
  const ledger = beginVersion(before?.ledger ?? null, request, { singerVersion, key: keyOf(request.plan) });
  const next = { ledger, gaps: withGaps(before, request.gaps), highestSingerVersion: singerVersion };
  if (table !== null) return await table.replace(next);
  const stream = streamOf(ledger);
  for (const other of tables.all()) {
    if (other.stream !== stream) continue;
    const { source, table: holder } = other.durable.ledger;
    const message = `The stream ${stream} of the target holds the table ${holder} of the source ${source}`;
    throw new TributaryError('DESTINATION_NAME_TAKEN', message, { context: { stream, source, table: holder } });
  }
  await tables.add(next);
}

/**
 * Ends a version that is complete. Its rows are with the target already; where it honours ACTIVATE_VERSION it sweeps the
 * others now, and only when it has confirmed that the version counts as live.
 */
export async function finishTable(
  tables: TargetTables,
  request: FinishVersion,
  { pipe, options, log }: { readonly pipe: TargetPipe; readonly options: SingerTargetOptions; readonly log: Logger },
): Promise<{ readonly rowCount: number; readonly sweptRows: number }> {
  const table = tables.require(request);
  await settled(table, pipe);
  const { durable } = table;
  const loading = completeVersion(durable.ledger, request);
  const { parts, rowCount } = loading;
  const ledger = finishVersion(durable.ledger, request, { parts, rowCount, liveRowCount: rowCount });
  const gaps = durable.gaps.map((gap) => ({ ...gap, resolvedAtMs: gap.resolvedAtMs ?? request.nowMs }));
  const next = { ...durable, ledger, gaps };
  if (options.activateVersion) await activate(table, { next, request, pipe, options });
  else {
    await table.replace(next);
    const before = durable.ledger.live;
    // The first reading leaves nothing behind.
    if (before !== null && before.parts.singerVersion !== parts.singerVersion && before.rowCount > 0) {
      const stay = 'stay at the target: it is not told of versions (activate_version)';
      // Items may have gone and others come: only where there are fewer it is certain that rows stay.
      if (rowCount >= before.rowCount) {
        log.info(`${request.table}: rows of items that were deleted since it was read before, if any, ${stay}`);
      } else {
        log.warning(
          `${request.table}: rows of items that were deleted since it was read before (${formatCount(before.rowCount)} rows ` +
            `then, ${formatCount(rowCount)} now) ${stay}`,
        );
      }
    }
  }
  return { rowCount, sweptRows: 0 };
}

/** Reads the table again in place, under a version of its own: what it does not show is swept at its end. */
export async function resyncTable(tables: TargetTables, request: ResyncVersion, pipe: TargetPipe): Promise<void> {
  const table = tables.require(request);
  await settled(table, pipe);
  const before = table.durable;
  const resynced = resyncVersion(before.ledger, request);
  const singerVersion = singerVersionAfter(before, request.nowMs);
  const { loading, live } = resynced;
  const ledger = {
    ...resynced,
    // What was live stays so for readers, with its rows, until the end.
    live: live && before.ledger.live && { ...live, parts: before.ledger.live.parts },
    loading: loading && { ...loading, parts: { ...loading.parts, singerVersion }, rowCount: 0 },
  };
  await table.replace({ ledger, gaps: withGaps(before, request.gaps), highestSingerVersion: singerVersion });
}

export async function haltTableAt(tables: TargetTables, request: HaltTable, pipe: TargetPipe): Promise<void> {
  const table = tables.require(request);
  await settled(table, pipe);
  const before = table.durable;
  await table.replace({ ...before, ledger: haltTable(before.ledger, request), gaps: withGaps(before, request.gaps) });
}

/** Waits until everything that was sent for the table is durable. */
export async function settled(table: TargetTable, pipe: TargetPipe): Promise<void> {
  if (table.lastMark !== null) await pipe.settle();
}

interface Activation {
  readonly next: StoredTable;
  readonly request: FinishVersion;
  readonly pipe: TargetPipe;
  readonly options: SingerTargetOptions;
}

async function activate(table: TargetTable, { next, request, pipe, options }: Activation): Promise<void> {
  const { stream, schema, parts } = completeVersion(table.durable.ledger, request);
  let lost: TributaryError | null = null;
  await pipe.deliver({
    table,
    schema: schemaOf({ stream: table.stream, key: parts.key, schema, hasDeletes: stream !== null, ...options }),
    activated: parts.singerVersion,
    rows: [],
    rowCount: 0,
    commit: {
      next,
      unit: null,
      onDurable: () => {},
      onLost: (error) => {
        lost = error;
      },
    },
  });
  await pipe.settle();
  if (lost !== null) throw lost;
  if (table.lastMark !== null) throw new TributaryError('BUG', `${nameOf(request)} was settled and is not durable`);
}

/** Singer's versions are times; no two of a table are equal, whatever the clock does. */
function singerVersionAfter(before: StoredTable | null, nowMs: number): number {
  return Math.max(nowMs, (before?.highestSingerVersion ?? 0) + 1);
}

function withGaps(before: StoredTable | null, gaps: readonly Gap[]): readonly Gap[] {
  const ids = new Set(gaps.map(({ gapId }) => gapId));
  return [...(before?.gaps ?? []).filter(({ gapId }) => !ids.has(gapId)), ...gaps];
}
