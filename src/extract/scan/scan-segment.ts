import { setImmediate } from 'node:timers/promises';
import type { RawAnswer } from '../../connection/raw-answer.ts';
import type { ScanPageFetcher, ScanRequest } from '../../connection/scan-page.ts';
import { afterKey, type Position, resumeKey } from '../../model/position.ts';
import type { ParsedProjection } from '../../model/projection.ts';
import type { TableRef } from '../../model/table.ts';
import type { TapePage } from '../../model/tape.ts';
import type { Segment } from '../../model/unit.ts';
import type { Clock } from '../../platform/clock.ts';
import type { AttributeDictionary } from '../../transcode/attribute-names.ts';
import { probableLastKey } from '../../transcode/probable-last-key.ts';
import { type ScanPage, transcodeScanPage } from '../../transcode/scan-page.ts';
import type { PageMemory } from '../page-memory.ts';
import { createPatience } from '../patience.ts';
import type { CapacityBudget, CapacityPermit } from './capacity-budget.ts';

/** A page is 1 MB of items by DynamoDB's count; its JSON was 1.84 times that for the mixed pages that were measured. */
const EXPECTED_PAGE_BYTES = 2 * 1024 * 1024;

/** What a table is read with; the same for all its segments. */
export interface ScanSource {
  readonly ref: TableRef;
  readonly projection: ParsedProjection | null;
  readonly consistentRead: boolean;
  readonly fetchPage: ScanPageFetcher;
  readonly names: AttributeDictionary;
  readonly budget: CapacityBudget;
  readonly clock: Clock;
  /** Counts every refused attempt. */
  readonly onThrottle: () => void;
  /** Says once per waiting that the source is being waited for, and why. */
  readonly onWait: (message: string) => void;
}

interface SegmentOptions {
  readonly segment: Segment;
  readonly from: Position;
  readonly memory: PageMemory;
  readonly readsAhead: boolean;
  readonly signal: AbortSignal;
}

interface SegmentReader extends SegmentOptions {
  readonly source: ScanSource;
}

export interface ScannedPage {
  readonly segment: Segment;
  readonly page: TapePage;
  readonly from: Position;
  readonly to: Position;
  readonly capacityUnits: number;
  /** By the clock of AWS where it said its time. */
  readonly answeredAtMs: number;
  readonly receivedAtMs: number;
  /** Bytes of memory that are reserved for the page until it is durable. */
  readonly heldBytes: number;
}

/**
 * Reads one segment from a position to its end. A page without items is not the end, only one without LastEvaluatedKey
 * is. Faults of the source are waited out with growing delays (see patience.ts); the page is then asked for again from
 * the same key, so nothing is skipped. The pages come in order; each holds memory until it is released.
 *
 * With `readsAhead` a page is asked for when the one before it has arrived, before that is transcoded, where capacity and
 * memory are there without waiting. So there is never more than one request of a segment in flight.
 */
export async function* scanSegment(
  source: ScanSource,
  options: SegmentOptions,
): AsyncGenerator<ScannedPage, void, undefined> {
  const { memory } = options;
  const ended = new AbortController();
  const reader = { source, ...options, signal: AbortSignal.any([options.signal, ended.signal]) };
  let ahead: Asked | null = null;
  try {
    for (let from = options.from; from !== 'end'; ) {
      if (ahead === null) await memory.reserve(EXPECTED_PAGE_BYTES, reader.signal);
      const asked: Asked | null = ahead;
      ahead = null;
      let read: Awaited<ReturnType<typeof readPage>>;
      try {
        read = await readPage(reader, from, asked);
      } catch (error) {
        memory.release(EXPECTED_PAGE_BYTES);
        throw error;
      }
      const { scanned } = read;
      memory.adjust(EXPECTED_PAGE_BYTES, scanned.heldBytes);
      ahead = read.ahead;
      from = scanned.to;
      yield scanned;
    }
  } finally {
    ended.abort(new Error('The reading of the segment has ended'));
    await drop(reader, ahead);
  }
}

/** Asks for one page until it arrives whole, or patience ends. `asked`: it is on its way already. */
async function readPage(
  reader: SegmentReader,
  from: Position,
  asked: Asked | null,
): Promise<{ readonly scanned: ScannedPage; readonly ahead: Asked | null }> {
  const { source, segment, signal } = reader;
  const patience = createPatience({ clock: source.clock, onWait: source.onWait });
  for (let current = asked; ; current = null) {
    const { permit, arrival } = current ?? (await ask(reader, from));
    let settled = NO_COST;
    let ahead: Asked | null = null;
    try {
      const answer = await arrival;
      ahead = await askAhead(reader, answer);
      const scan = transcodeScanPage(answer.body, source.names);
      settled = { capacityUnits: scan.consumedCapacity ?? 0, items: scan.scannedCount };
      const scanned = scannedPage(source, { segment, from, answer, scan });
      if (ahead?.from === scanned.to) return { scanned, ahead };
      await drop(reader, ahead);
      return { scanned, ahead: null };
    } catch (error) {
      await drop(reader, ahead);
      await patience.wait(error, signal);
    } finally {
      permit.settle(settled);
    }
  }
}

/** A page that was asked for. */
interface Asked {
  readonly from: Position;
  readonly permit: CapacityPermit;
  readonly arrival: Promise<RawAnswer>;
}

const NO_COST = { capacityUnits: 0, items: 0 };

async function ask(reader: SegmentReader, from: Position): Promise<Asked> {
  const permit = await reader.source.budget.acquire(reader.signal);
  return { from, permit, arrival: requestPage(reader, from, permit.limit) };
}

/** Asks for what comes after an answer that was not read yet; null where that is not known or has to wait. */
async function askAhead(reader: SegmentReader, { body }: RawAnswer): Promise<Asked | null> {
  const { readsAhead, source, memory, signal } = reader;
  // Capacity that is limited belongs to pages in their order, and each one sizes the next.
  if (!readsAhead || signal.aborted || source.budget.unitsPerSecond !== null) return null;
  const key = probableLastKey(body);
  if (key === null || !memory.tryReserve(EXPECTED_PAGE_BYTES)) return null;
  const asked = await ask(reader, afterKey(key));
  // Its failure is met when its turn comes.
  asked.arrival.catch(() => {});
  // Signing takes several steps: without a pause the request would leave when the transcoding is over.
  await setImmediate();
  return asked;
}

/** Lets go of a page that was asked for, when its answer has come or was given up. */
async function drop({ memory }: SegmentReader, asked: Asked | null): Promise<void> {
  if (asked === null) return;
  await Promise.allSettled([asked.arrival]);
  asked.permit.settle(NO_COST);
  memory.release(EXPECTED_PAGE_BYTES);
}

function requestPage(
  { source, segment, signal }: SegmentReader,
  from: Position,
  limit: number | null,
): Promise<RawAnswer> {
  const request: ScanRequest = {
    table: source.ref.table,
    index: source.ref.index,
    segment: segment.segment,
    totalSegments: segment.totalSegments,
    exclusiveStartKey: resumeKey(from),
    limit,
    projection: source.projection,
    consistentRead: source.consistentRead,
  };
  const onThrottle = (): void => {
    source.budget.throttled();
    source.onThrottle();
  };
  return source.fetchPage(request, { signal, onThrottle });
}

function scannedPage(
  source: ScanSource,
  { segment, from, answer, scan }: { segment: Segment; from: Position; answer: RawAnswer; scan: ScanPage },
): ScannedPage {
  const receivedAtMs = source.clock.now();
  return {
    segment,
    page: scan.page,
    from,
    to: scan.lastEvaluatedKey === null ? 'end' : afterKey(scan.lastEvaluatedKey),
    capacityUnits: scan.consumedCapacity ?? 0,
    answeredAtMs: answer.answeredAtMs ?? receivedAtMs,
    receivedAtMs,
    heldBytes: answer.body.byteLength + scan.page.tape.byteLength + scan.page.rowStarts.byteLength,
  };
}
