import type { ScanPageFetcher } from '../connection/scan-page.ts';
import type { CatalogIndex } from '../discovery/catalog.ts';
import { createCapacityBudget } from '../extract/scan/capacity-budget.ts';
import { type ScanSource, scanSegment } from '../extract/scan/scan-segment.ts';
import { mayBeOnePage, planSegments } from '../extract/scan/segment-plan.ts';
import type { Destination, Load, LoadTarget } from '../load/destination.ts';
import type { ParsedProjection } from '../model/projection.ts';
import type { TableKey, TableRef } from '../model/table.ts';
import type { TableState } from '../model/table-state.ts';
import { parseSegmentUnit, type Segment, segmentUnit, type UnitId } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { orAbort } from '../platform/abort.ts';
import type { ByteBudget } from '../platform/byte-budget.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { initialSchema, planOf, type SchemaOptions, type TableSchema } from '../schema/merge.ts';
import { createUnitProgress } from '../state/unit-progress.ts';
import { planVersion, type VersionPlan } from '../state/version-plan.ts';
import { createAttributeDictionary } from '../transcode/attribute-names.ts';
import { createLaneLoader } from './lane-loader.ts';
import type { TableCounters } from './table-counters.ts';

/** What DescribeTable said, as far as a full-table run needs it. */
interface TableFacts {
  /** TableId, else CreationDateTime. */
  readonly identity: string;
  readonly key: TableKey;
  readonly itemCount: number;
  readonly sizeBytes: number;
  /** What a view's index holds, null for a table: another definition under the same name is another index. */
  readonly index: Pick<CatalogIndex, 'key' | 'projectionType' | 'includedAttributes'> | null;
  /** Read capacity units a second that the table may be read with; null without a limit. */
  readonly unitsPerSecond: number | null;
}

export interface FullTableRun {
  readonly target: LoadTarget;
  readonly ref: TableRef;
  readonly projection: ParsedProjection | null;
  readonly consistentRead: boolean;
  readonly segmentConcurrency: number;
  readonly destinationSchema: string;
  readonly destinationTable: string;
  readonly allowShrink: boolean;
  /** Asked at the start and again before the swap: a table that was replaced meanwhile must not be swapped in. */
  readonly describe: (signal: AbortSignal) => Promise<TableFacts>;
  readonly fetchPage: ScanPageFetcher;
  readonly destination: Destination;
  readonly memory: ByteBudget;
  readonly counters: TableCounters;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onProgress: () => void;
  readonly signal: AbortSignal;
}

/**
 * FULL_TABLE replication of one table or view: builds a version aside, or goes on with an interrupted one, and swaps it
 * in when all segments are finished. Resolves to the version that readers see now. Stopping it by its signal, a crash or
 * an error at any point leaves the live version and every durable bookmark as they are.
 */
export async function replicateFullTable(
  run: FullTableRun,
): Promise<{ readonly version: number; readonly rowCount: number }> {
  const { target, destination, counters, log, clock, signal } = run;
  const facts = await run.describe(signal);
  counters.expectedRows = facts.itemCount;
  const stored = await orAbort(destination.runStore.readTables(target.source), signal);
  const state = stored.find(({ table }) => table === target.table) ?? null;
  const evidence = { identity: facts.identity, layout: layoutOf(run, facts) };
  const isFullyRead = (await readUnits(run)).every(({ position }) => position === 'end');
  const plan = planVersion({ state, isFullyRead, ...evidence, nowMs: clock.now() });
  const source = createScanSource(run, facts);
  if (plan.kind === 'begin') await beginVersion(run, { plan, facts, state, evidence, source });
  else logResume(run, state, plan.version);

  const lane = { ...target, version: plan.version, base: plan.base };
  const units = (await readUnits(run)).map(({ unit }) => unit);
  const load = await destination.open({ ...lane, units }, { signal });
  // Not what was read before the units were taken over: somebody else may have added columns in between.
  const schema = { schema: load.schema, plan: planOf(load.schema, schemaOptions(run, facts.key)) };
  try {
    await readSegments(run, { load, schema, source, key: facts.key });
  } finally {
    await load.close();
  }
  await refuseReplacedTable(run, evidence);
  log.at('target').debug(`${target.table}: swaps version ${plan.version} in`);
  const deduplicateBy = run.ref.index === null ? null : keyColumns(schema);
  const { rowCount } = await destination.refresh.finish(
    { ...lane, deduplicateBy, allowShrink: run.allowShrink, nowMs: clock.now() },
    { signal },
  );
  log.at('target').info(`${target.table}: version ${plan.version} is live with ${rowCount} rows`);
  return { version: plan.version, rowCount };
}

/** Reads all unfinished segments, a few at a time in their order, until all that was read is durable. */
async function readSegments(
  run: FullTableRun,
  { load, schema, source, key }: { load: Load; schema: TableSchema; source: ScanSource; key: TableKey },
): Promise<void> {
  const { counters } = run;
  const progress = createUnitProgress(load.units.values());
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const loader = createLaneLoader({
    load,
    schema,
    key,
    capabilities: run.destination.capabilities,
    progress,
    memory: run.memory,
    counters,
    clock: run.clock,
    log: run.log.at('target'),
    onFailure: (error) => stop.abort(error),
    onCommit: run.onProgress,
  });
  const unfinished = [...load.units.values()].filter(({ position }) => position !== 'end');
  counters.segmentsTotal = load.units.size;
  counters.segmentsDone = load.units.size - unfinished.length;

  const queue = unfinished.values();
  const readQueue = async (): Promise<void> => {
    for (const { unit, position } of queue) {
      for await (const page of scanSegment(source, {
        segment: segmentOf(unit),
        from: position,
        memory: loader,
        signal,
      })) {
        loader.add(page);
        run.onProgress();
      }
    }
  };
  const readers = Array.from({ length: Math.min(run.segmentConcurrency, unfinished.length) }, () =>
    // The first reader that fails stops the others; all are awaited, so that nothing reads on behind the caller's back.
    readQueue().catch((error: unknown) => {
      stop.abort(error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(readers);
  // Also after a failure or a stop: what was read is paid for, and the next run need not read it again.
  const [flushed] = await Promise.allSettled([loader.finish()]);
  if (flushed.status === 'rejected') throw flushed.reason;
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw run.signal.aborted ? run.signal.reason : stop.signal.reason;
}

function createScanSource(run: FullTableRun, { key, unitsPerSecond }: TableFacts): ScanSource {
  return {
    ref: run.ref,
    projection: run.projection,
    consistentRead: run.consistentRead,
    fetchPage: run.fetchPage,
    names: createAttributeDictionary(key.map(({ name }) => name)),
    budget: createCapacityBudget({ clock: run.clock, maxUnitsPerSecond: unitsPerSecond }),
    clock: run.clock,
    onThrottle: () => {
      run.counters.throttleCount += 1;
    },
    onWait: (message) => run.log.at('tap').warning(`${run.target.table}: ${message}`),
  };
}

interface Evidence {
  readonly identity: string;
  readonly layout: string;
}

interface BeginContext {
  readonly plan: Extract<VersionPlan, { kind: 'begin' }>;
  readonly facts: TableFacts;
  readonly state: TableState | null;
  readonly evidence: Evidence;
  readonly source: ScanSource;
}

async function beginVersion(run: FullTableRun, { plan, facts, state, evidence, source }: BeginContext): Promise<void> {
  const { target, clock, signal } = run;
  const segments = planSegments(facts, mayBeOnePage(facts) && (await firstPageEndsTable(run, source)));
  run.log.info(`${target.table}: begins version ${plan.version} in ${segments} segments: ${plan.reason}`);
  await run.destination.refresh.begin(
    {
      ...target,
      destinationSchema: run.destinationSchema,
      destinationTable: run.destinationTable,
      version: plan.version,
      base: plan.base,
      ...evidence,
      units: Array.from({ length: segments }, (_, segment) => segmentUnit({ segment, totalSegments: segments })),
      ...(await startingSchema(run, facts.key, plan)),
      answersReset: state?.resetRequested ?? false,
      nowMs: clock.now(),
    },
    { signal },
  );
}

/** Looks at the first page and drops it: at most 1 MB, read twice only for tables that are that small. */
async function firstPageEndsTable({ memory, counters, signal }: FullTableRun, source: ScanSource): Promise<boolean> {
  const reserve = (bytes: number): Promise<void> => memory.acquire(bytes, signal);
  const adjust = memory.adjust.bind(memory);
  const release = memory.release.bind(memory);
  const options = { segment: { segment: 0, totalSegments: 1 }, memory: { reserve, adjust, release }, signal };
  for await (const { to, heldBytes, capacityUnits } of scanSegment(source, { ...options, from: 'start' })) {
    memory.release(heldBytes);
    counters.capacityUnits += capacityUnits;
    return to === 'end';
  }
  return true;
}

async function startingSchema(
  run: FullTableRun,
  key: TableKey,
  { freshSchema }: Extract<VersionPlan, { kind: 'begin' }>,
): Promise<TableSchema> {
  const { destination, target, signal } = run;
  const stored = freshSchema
    ? null
    : await orAbort(destination.runStore.readSchema(target.source, target.table), signal);
  const schema = stored !== null && startsWithKey(stored.columns, key) ? stored : initialSchema(key);
  return { schema, plan: planOf(schema, schemaOptions(run, key)) };
}

function schemaOptions({ destination }: FullTableRun, key: TableKey): SchemaOptions {
  return { key, capabilities: destination.capabilities };
}

async function readUnits({ destination, target, signal }: FullTableRun): Promise<readonly UnitState[]> {
  return await orAbort(destination.runStore.readUnits(target.source, target.table), signal);
}

/** A table that was created again with another key keeps nothing of the old schema. */
function startsWithKey(columns: readonly { readonly attribute: string }[], key: TableKey): boolean {
  return key.every(({ name }, index) => columns[index]?.attribute === name);
}

function keyColumns({ plan }: TableSchema): readonly string[] {
  return plan.columns.filter(({ key }) => key !== null).map(({ name }) => name);
}

/** What decides which rows a version holds: a version with another layout cannot be resumed. */
function layoutOf({ projection }: FullTableRun, { key, index }: TableFacts): string {
  // Member by member: the catalog's entry has counts, too, which change all the time.
  const view = index && { key: index.key, type: index.projectionType, attributes: index.includedAttributes };
  return JSON.stringify({ key, view, paths: projection?.paths ?? null });
}

function logResume(run: FullTableRun, state: TableState | null, version: number): void {
  const rows = state?.loading?.rowCount ?? 0;
  run.log.info(`${run.target.table}: resumes version ${version}, ${rows} rows of it are durable`);
}

function segmentOf(unit: UnitId): Segment {
  const segment = parseSegmentUnit(unit);
  if (segment === null) throw new TributaryError('BUG', `Unit ${unit} of a full-table version is not a segment`);
  return segment;
}

async function refuseReplacedTable(run: FullTableRun, { identity, layout }: Evidence): Promise<void> {
  const now = await run.describe(run.signal);
  if (now.identity === identity && layoutOf(run, now) === layout) return;
  throw new TributaryError('TABLE_NOT_READY', `${run.target.table} was deleted and created again while it was read`, {
    hint: 'Run again: the next run begins a new version; readers keep the old one until then',
  });
}
