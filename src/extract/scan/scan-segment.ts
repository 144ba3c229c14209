import type { RawAnswer } from '../../connection/raw-answer.ts';
import type { ScanPageFetcher, ScanRequest } from '../../connection/scan-page.ts';
import { afterKey, type Position, resumeKey } from '../../model/position.ts';
import type { ParsedProjection } from '../../model/projection.ts';
import type { TableRef } from '../../model/table.ts';
import type { TapePage } from '../../model/tape.ts';
import type { Segment } from '../../model/unit.ts';
import type { Clock } from '../../platform/clock.ts';
import type { AttributeDictionary } from '../../transcode/attribute-names.ts';
import { type ScanPage, transcodeScanPage } from '../../transcode/scan-page.ts';
import type { PageMemory } from '../page-memory.ts';
import { createPatience } from '../patience.ts';
import type { CapacityBudget } from './capacity-budget.ts';

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
 */
export async function* scanSegment(
  source: ScanSource,
  options: {
    readonly segment: Segment;
    readonly from: Position;
    readonly memory: PageMemory;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<ScannedPage, void, undefined> {
  const { segment, memory, signal } = options;
  for (let from = options.from; from !== 'end'; ) {
    await memory.reserve(EXPECTED_PAGE_BYTES, signal);
    let scanned: ScannedPage;
    try {
      scanned = await readPage(source, segment, from, signal);
    } catch (error) {
      memory.release(EXPECTED_PAGE_BYTES);
      throw error;
    }
    memory.adjust(EXPECTED_PAGE_BYTES, scanned.heldBytes);
    from = scanned.to;
    yield scanned;
  }
}

/** Asks for one page until it arrives whole, or patience ends. */
async function readPage(
  source: ScanSource,
  segment: Segment,
  from: Position,
  signal: AbortSignal,
): Promise<ScannedPage> {
  const patience = createPatience({ clock: source.clock, onWait: source.onWait });
  for (;;) {
    const permit = await source.budget.acquire(signal);
    let settled = { capacityUnits: 0, items: 0 };
    try {
      const answer = await requestPage(source, segment, from, permit.limit, signal);
      const scan = transcodeScanPage(answer.body, source.names);
      settled = { capacityUnits: scan.consumedCapacity ?? 0, items: scan.scannedCount };
      return scannedPage(source, { segment, from, answer, scan });
    } catch (error) {
      await patience.wait(error, signal);
    } finally {
      permit.settle(settled);
    }
  }
}

function requestPage(
  source: ScanSource,
  segment: Segment,
  from: Position,
  limit: number | null,
  signal: AbortSignal,
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
