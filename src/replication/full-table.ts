import type { ScanSource } from '../extract/scan/scan-segment.ts';
import { parseSegmentUnit } from '../model/unit.ts';
import { TributaryError } from '../platform/errors.ts';
import { plural } from '../platform/format.ts';
import { planOf, type TableSchema } from '../schema/merge.ts';
import { createUnitProgress } from '../state/unit-progress.ts';
import { planVersion, type VersionPlan } from '../state/version-plan.ts';
import { createLaneLoader } from './lane-loader.ts';
import { createScanSource, newSegments, readSegments } from './scan-segments.ts';
import {
  layoutOf,
  readState,
  readUnits,
  schemaOptions,
  startingSchema,
  type TableFacts,
  type TableReplication,
} from './table-replication.ts';

/** A slow scan still becomes durable piece by piece. */
export const SCAN_FLUSH_INTERVAL_MS = 10_000;

/**
 * FULL_TABLE replication of one table or view: builds a version aside, or goes on with an interrupted one, and swaps it
 * in when all segments are finished. Resolves to the version that readers see now. Stopping it by its signal, a crash or
 * an error at any point leaves the live version and every durable bookmark as they are.
 */
export async function replicateFullTable(
  run: TableReplication,
): Promise<{ readonly version: number; readonly rowCount: number }> {
  const { target, destination, counters, log, clock, signal } = run;
  const facts = await run.describe(signal);
  counters.expectedRows = facts.itemCount;
  const state = await readState(run);
  const evidence = { identity: facts.identity, layout: layoutOf(run, facts) };
  const plan = planVersion({ state, units: await readUnits(run), ...evidence, nowMs: clock.now() });
  const source = createScanSource(run, facts);
  if (plan.kind === 'begin') {
    const segments = await newSegments(run, facts, source);
    log.info(
      `${target.table}: begins version ${plan.version} in ${plural(segments.length, 'segment')}: ${plan.reason}`,
    );
    await destination.refresh.begin(
      {
        ...target,
        destinationSchema: run.destinationSchema,
        destinationTable: run.destinationTable,
        version: plan.version,
        base: plan.base,
        placement: 'aside',
        ...evidence,
        stream: null,
        units: segments,
        ...(await startingSchema(run, facts.key, plan)),
        answersReset: state?.resetRequested ?? false,
        gaps: [],
        nowMs: clock.now(),
      },
      { signal },
    );
  } else {
    log.info(
      `${target.table}: resumes version ${plan.version}, ${plural(state?.loading?.rowCount ?? 0, 'row')} of it durable`,
    );
  }
  const schema = await readVersion(run, { plan, facts, source });
  await refuseReplacedTable(run, evidence);
  log.at('target').debug(`${target.table}: swaps version ${plan.version} in`);
  const { rowCount } = await destination.refresh.finish(
    {
      ...target,
      version: plan.version,
      base: plan.base,
      deduplicateBy: run.ref.index === null ? null : keyColumns(schema),
      changes: null,
      allowShrink: run.allowShrink,
      nowMs: clock.now(),
    },
    { signal },
  );
  log.at('target').info(`${target.table}: version ${plan.version} is live with ${plural(rowCount, 'row')}`);
  return { version: plan.version, rowCount };
}

/** Reads what is unread of the version, until all that was read is durable. Resolves to the schema it began with. */
async function readVersion(
  run: TableReplication,
  { plan, facts, source }: { readonly plan: VersionPlan; readonly facts: TableFacts; readonly source: ScanSource },
): Promise<TableSchema> {
  const { version, base } = plan;
  const { target, destination, signal } = run;
  const units = (await readUnits(run)).map(({ unit }) => unit);
  if (!units.every((unit) => parseSegmentUnit(unit) !== null)) {
    throw new TributaryError('BUG', `A full-table version of ${target.table} has a unit that is not a segment`);
  }
  const load = await destination.open({ ...target, version, base, units, deletes: null }, { signal });
  // Not what was read before the units were taken over: somebody else may have added columns in between.
  const schema = { schema: load.schema, plan: planOf(load.schema, schemaOptions(run, facts.key)) };
  const progress = createUnitProgress(load.units.values(), load.epoch);
  const stop = new AbortController();
  const loader = createLaneLoader({
    load,
    schema,
    key: facts.key,
    capabilities: destination.capabilities,
    progress,
    memories: [run.memory],
    flushIntervalMs: () => SCAN_FLUSH_INTERVAL_MS,
    counters: run.counters,
    clock: run.clock,
    log: run.log.at('target'),
    onFailure: (error) => stop.abort(error),
    onCommit: run.onProgress,
  });
  try {
    const outcome = readSegments(run, { source, progress, loader, signal: AbortSignal.any([signal, stop.signal]) });
    const [read] = await Promise.allSettled([outcome]);
    // Also after a failure or a stop: what was read is paid for, and the next run need not read it again.
    await loader.finish();
    if (read.status === 'rejected') throw read.reason;
  } finally {
    await load.close();
  }
  return schema;
}

function keyColumns({ plan }: TableSchema): readonly string[] {
  return plan.columns.filter(({ key }) => key !== null).map(({ name }) => name);
}

async function refuseReplacedTable(
  run: TableReplication,
  { identity, layout }: { readonly identity: string; readonly layout: string },
): Promise<void> {
  const now = await run.describe(run.signal);
  if (now.identity === identity && layoutOf(run, now) === layout) return;
  throw new TributaryError('TABLE_NOT_READY', `${run.target.table} was deleted and created again while it was read`, {
    hint: 'Run again: the next run begins a new version; readers keep the old one until then',
  });
}
