import type { ScannedPage } from '../extract/scan/scan-segment.ts';
import type { Load } from '../load/destination.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { TableKey } from '../model/table.ts';
import { segmentUnit } from '../model/unit.ts';
import type { ByteBudget } from '../platform/byte-budget.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { mergeObserved, type TableSchema } from '../schema/merge.ts';
import type { UnitProgress } from '../state/unit-progress.ts';
import type { TableCounters } from './table-counters.ts';

/**
 * An open DuckDB transaction is not bounded by its memory_limit (500k rows in one held 576 MB when measured), and one
 * commit costs about 0.1 s whatever its size: so commits are as large as memory comfortably allows.
 */
const FLUSH_BYTES = 24 * 1024 * 1024;
const FLUSH_ROWS = 50_000;
/** A slow scan still becomes durable piece by piece. */
const FLUSH_INTERVAL_MS = 10_000;

export interface LaneLoader {
  /** Memory for one page before it is asked for. */
  reserve(bytes: number, signal: AbortSignal): Promise<void>;
  adjust(fromBytes: number, toBytes: number): void;
  release(bytes: number): void;
  /** Takes a page over. Returns at once; the page becomes durable with a later flush. */
  add(scanned: ScannedPage): void;
  /** Resolves when everything added is durable; rejects with the failure of any flush. Nothing is added after it. */
  finish(): Promise<void>;
}

interface LaneLoaderOptions {
  readonly load: Load;
  readonly schema: TableSchema;
  readonly key: TableKey;
  readonly capabilities: Capabilities;
  readonly progress: UnitProgress;
  readonly memory: ByteBudget;
  readonly counters: TableCounters;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once, with the error of the first flush that fails: reading on would be for nothing. */
  readonly onFailure: (error: unknown) => void;
  readonly onCommit: () => void;
}

/**
 * The loading half of a running table: collects pages of all segments and commits them with the bookmarks they reach.
 * One flush runs at a time; pages that arrive meanwhile belong to the next. The progress rule lives here: positions
 * move to `committed` only after the destination has answered `durable`, and after a failed flush nothing moves again.
 */
export function createLaneLoader(options: LaneLoaderOptions): LaneLoader {
  const { load, progress, memory, counters, clock, log } = options;
  let schema = options.schema;
  let pending: ScannedPage[] = [];
  let pendingBytes = 0;
  let pendingRows = 0;
  let pendingSinceMs = 0;
  let flushing: Promise<void> = Promise.resolve();
  let failure: { readonly error: unknown } | null = null;

  const commit = async (): Promise<void> => {
    const pages = pending;
    const bytes = pendingBytes;
    const rows = pendingRows;
    pending = [];
    pendingBytes = 0;
    pendingRows = 0;
    const moves = progress.moves();
    try {
      if (failure) throw failure.error;
      if (moves.length === 0) return;
      log.debug(`${counters.table}: commits ${rows} rows`);
      for (const { page, answeredAtMs, receivedAtMs } of pages) {
        await load.write({ page, extractedAtMs: answeredAtMs, receivedAtMs });
      }
      // Never the run's own signal: a run that is being stopped still makes durable what it has read.
      const receipt = await load.commit({ moves, ...schema, nowMs: clock.now() }, { signal: NEVER_ABORTED });
      progress.committed(moves);
      counters.rowsLoaded += receipt.upsertedRows;
      counters.rowsRejected += receipt.rejectedRows;
      counters.segmentsDone = progress.finishedCount();
      counters.commits += 1;
      log.debug(`${counters.table}: ${counters.rowsLoaded} rows of this run are durable`);
      options.onCommit();
    } catch (error) {
      if (!failure) options.onFailure(error);
      failure ??= { error };
      throw error;
    } finally {
      memory.release(bytes);
    }
  };

  const flush = (): Promise<void> => {
    // After a failure too: the pages that were added since must give their memory back.
    flushing = flushing.catch(() => {}).then(commit);
    // The failure is reported by onFailure and by whoever awaits; a flush nobody awaits must not end the process.
    flushing.catch(() => {});
    return flushing;
  };

  // Whoever waits for memory, of this table or another, waits for pages that become durable: without this, readers whose
  // pages lie here uncommitted and readers that wait for memory would wait for each other for ever.
  const unsubscribe = memory.onContention(() => {
    if (pending.length > 0) void flush();
  });

  const mergeTypes = ({ page }: ScannedPage): void => {
    const { changes, ...merged } = mergeObserved(schema, page, {
      key: options.key,
      capabilities: options.capabilities,
    });
    for (const { column, from, to } of changes) {
      const type = to.kind === 'decimal' ? `decimal(38,${to.scale})` : to.kind;
      if (from !== null) log.info(`${counters.table}: column ${column} widens from ${from.kind} to ${type}`);
      else log.debug(`${counters.table}: new column ${column} ${type}`);
    }
    schema = merged;
  };

  return {
    reserve: (bytes, signal) => memory.acquire(bytes, signal),
    adjust: (fromBytes, toBytes) => memory.adjust(fromBytes, toBytes),
    release: (bytes) => memory.release(bytes),
    add(scanned) {
      try {
        mergeTypes(scanned);
        progress.advance(segmentUnit(scanned.segment), scanned.from, scanned.to);
      } catch (error) {
        memory.release(scanned.heldBytes);
        throw error;
      }
      if (pending.length === 0) pendingSinceMs = clock.now();
      pending.push(scanned);
      pendingBytes += scanned.heldBytes;
      pendingRows += scanned.page.rowCount;
      counters.rowsRead += scanned.page.rowCount;
      counters.bytesRead += scanned.page.body.byteLength;
      counters.capacityUnits += scanned.capacityUnits;
      counters.scanCalls += 1;
      const due = clock.now() - pendingSinceMs >= FLUSH_INTERVAL_MS;
      if (due || memory.isContended || pendingBytes >= FLUSH_BYTES || pendingRows >= FLUSH_ROWS) void flush();
    },
    async finish() {
      unsubscribe();
      await flush();
    },
  };
}

const NEVER_ABORTED = new AbortController().signal;
