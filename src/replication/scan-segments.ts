import { pageMemory } from '../extract/page-memory.ts';
import { createCapacityBudget } from '../extract/scan/capacity-budget.ts';
import { type ScannedPage, type ScanSource, scanSegment } from '../extract/scan/scan-segment.ts';
import { mayBeOnePage, planSegments } from '../extract/scan/segment-plan.ts';
import { parseSegmentUnit, type Segment, segmentUnit, type UnitId } from '../model/unit.ts';
import type { NewUnit } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import type { UnitProgress } from '../state/unit-progress.ts';
import { type AttributeDictionary, createAttributeDictionary } from '../transcode/attribute-names.ts';
import type { LaneLoader } from './lane-loader.ts';
import { type TableFacts, type TableReplication, tapLog } from './table-replication.ts';

export function createScanSource(
  run: TableReplication,
  { key, unitsPerSecond }: TableFacts,
  names: AttributeDictionary = attributeNames(run, key),
): ScanSource {
  return {
    ref: run.ref,
    projection: run.projection,
    consistentRead: run.consistentRead,
    fetchPage: run.fetchPage,
    names,
    budget: createCapacityBudget({ clock: run.clock, maxUnitsPerSecond: unitsPerSecond }),
    clock: run.clock,
    onThrottle: () => {
      run.counters.throttleCount += 1;
    },
    onWait: (message) => tapLog(run).warning(message),
  };
}

export function attributeNames(
  { dropGlobalTableAttributes }: TableReplication,
  key: TableFacts['key'],
): AttributeDictionary {
  return createAttributeDictionary(
    key.map(({ name }) => name),
    { dropGlobalTableAttributes },
  );
}

/** The unread segments of a new version. */
export async function newSegments(
  run: TableReplication,
  facts: TableFacts,
  source: ScanSource,
): Promise<readonly (NewUnit & { readonly shard: null })[]> {
  const totalSegments =
    run.segments ?? planSegments(facts, mayBeOnePage(facts) && (await firstPageEndsTable(run, source)));
  return Array.from({ length: totalSegments }, (_, segment) => ({
    unit: segmentUnit({ segment, totalSegments }),
    position: 'start',
    shard: null,
  }));
}

/** Looks at the first page and drops it: at most 1 MB, read twice only for tables that are that small. */
async function firstPageEndsTable(
  { memory, counters, signal }: TableReplication,
  source: ScanSource,
): Promise<boolean> {
  const segment = { segment: 0, totalSegments: 1 };
  const options = { segment, memory: pageMemory(memory), readsAhead: false, signal };
  for await (const { to, heldBytes, capacityUnits } of scanSegment(source, { ...options, from: 'start' })) {
    memory.release(heldBytes);
    counters.capacityUnits += capacityUnits;
    return to === 'end';
  }
  return true;
}

/**
 * Reads all unfinished segments, a few at a time in their order, and hands them to the loader. When the first reader
 * fails or the signal aborts, the others are stopped and awaited: nothing reads on behind the caller's back. Resolves to
 * when the last page was answered, by AWS's clock; null when there was none.
 */
export async function readSegments(
  run: TableReplication,
  options: {
    readonly source: ScanSource;
    readonly progress: UnitProgress;
    readonly loader: LaneLoader;
    readonly signal: AbortSignal;
  },
): Promise<number | null> {
  const { counters, memory } = run;
  const { source, progress, loader } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const segments = progress.units().filter(({ unit }) => parseSegmentUnit(unit) !== null);
  const unfinished = segments.filter(({ position }) => position !== 'end');
  counters.segmentsTotal = segments.length;
  counters.segmentsDone = progress.finishedSegments();
  let lastAnsweredAtMs: number | null = null;

  const take = (scanned: ScannedPage): void => {
    const { page, answeredAtMs: extractedAtMs, receivedAtMs, heldBytes, from, to } = scanned;
    loader.take({ batch: { page, changes: null, extractedAtMs, receivedAtMs }, heldBytes, memory }, () =>
      progress.advance(segmentUnit(scanned.segment), from, to),
    );
    counters.rowsRead += page.rowCount;
    counters.capacityUnits += scanned.capacityUnits;
    counters.scanCalls += 1;
    lastAnsweredAtMs = Math.max(lastAnsweredAtMs ?? 0, extractedAtMs);
    run.onProgress();
  };
  const queue = unfinished.values();
  const readerCount = Math.min(run.segmentConcurrency, unfinished.length);
  // Several readers have something else to do while one of them waits for its answer.
  const readsAhead = readerCount === 1;
  const readQueue = async (): Promise<void> => {
    for (const { unit, position } of queue) {
      const part = { segment: segmentOf(unit), from: position, memory: pageMemory(memory), readsAhead, signal };
      for await (const page of scanSegment(source, part)) take(page);
    }
  };
  const readers = Array.from({ length: readerCount }, () =>
    readQueue().catch((error: unknown) => {
      stop.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(readers);
  options.signal.throwIfAborted();
  stop.signal.throwIfAborted();
  return lastAnsweredAtMs;
}

function segmentOf(unit: UnitId): Segment {
  const segment = parseSegmentUnit(unit);
  if (segment === null) throw new TributaryError('BUG', `Unit ${unit} is not a segment`);
  return segment;
}
