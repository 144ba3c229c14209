import type { CommitReceipt, Load } from '../load/destination.ts';
import type { Batch } from '../model/batch.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { TableKey } from '../model/table.ts';
import type { ByteBudget } from '../platform/byte-budget.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { mergeObserved, type TableSchema } from '../schema/merge.ts';
import type { UnitChanges, UnitProgress } from '../state/unit-progress.ts';
import type { TableCounters } from './table-counters.ts';

/**
 * Shards that only say that nothing has happened are written this often: the time to loss of a table must not be taken
 * for longer than it is by more than some minutes, and each commit would update every idle shard otherwise.
 */
const VERIFIED_INTERVAL_MS = 5 * 60_000;

/** One page on its way, with the memory that it holds until it is durable. */
export interface LoadedPage {
  readonly batch: Batch;
  readonly heldBytes: number;
  readonly memory: ByteBudget;
}

export interface LaneLoader {
  /**
   * Takes a page over and, in the same step, the progress that it is: `advance` is called before anything can be flushed.
   * Returns at once; the page becomes durable with a later flush.
   */
  take(page: LoadedPage, advance: () => void): void;
  /** Has progress without rows made durable in time: a finished shard, a child. */
  touch(): void;
  /** Has shards that were found quiet made durable when the last time is long enough ago. */
  touchVerified(): void;
  /** Resolves when everything taken so far is durable, quiet shards included. */
  flush(): Promise<void>;
  /** Flushes and then runs `use`, without another commit in between. */
  afterFlush<T>(use: () => Promise<T>): Promise<T>;
  /** Resolves when everything taken is durable; rejects with the failure of any flush. Nothing is taken after it. */
  finish(): Promise<void>;
}

interface LaneLoaderOptions {
  readonly load: Load;
  readonly schema: TableSchema;
  readonly key: TableKey;
  readonly capabilities: Capabilities;
  readonly progress: UnitProgress;
  /** Budgets that pages hold memory of: whoever waits for one of them makes this flush. */
  readonly memories: readonly ByteBudget[];
  /** How long a page may wait for its commit. */
  readonly flushIntervalMs: () => number;
  readonly counters: TableCounters;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once, with the error of the first flush that fails: reading on would be for nothing. */
  readonly onFailure: (error: unknown) => void;
  readonly onCommit: () => void;
}

/**
 * The loading half of a running table: collects pages of all segments and shards and commits them with the bookmarks they
 * reach. One flush runs at a time; pages that arrive meanwhile belong to the next. The progress rule lives here: units
 * are `committed` only when the destination has said that they are durable, and after a failed flush nothing moves again.
 * What it has only accepted is settled where somebody waits for it to be durable.
 */
export function createLaneLoader(options: LaneLoaderOptions): LaneLoader {
  const { load, progress, counters, clock, log } = options;
  const most = options.capabilities.commit;
  let schema = options.schema;
  let pending: LoadedPage[] = [];
  let pendingBytes = 0;
  let pendingRows = 0;
  let flushing: Promise<unknown> = Promise.resolve();
  let failure: { readonly error: unknown } | null = null;
  /** Commits that the destination has and that are not durable yet, in their order, and how many came before them. */
  const accepted: Committed[] = [];
  let durableCommits = 0;
  let verifiedAtMs = clock.now();
  let timer: AbortController | null = null;

  // A clock that was set back must not put it off.
  const isVerifiedDue = (): boolean => Math.abs(clock.now() - verifiedAtMs) >= VERIFIED_INTERVAL_MS;

  /** Records that this many commits are durable in all. */
  const takeDurable = (commits: number): void => {
    for (const { changes, receipt } of accepted.splice(0, commits - durableCommits)) {
      progress.committed(changes);
      durableCommits += 1;
      counters.rowsLoaded += receipt.upsertedRows;
      counters.rowsDeleted += receipt.deletedRows;
      counters.rowsRejected += receipt.rejectedRows;
      counters.commits += 1;
    }
    counters.segmentsDone = progress.finishedSegments();
    log.debug(`${counters.table}: ${counters.rowsLoaded} rows of this run are durable`);
    options.onCommit();
  };
  load.acceptance?.onDurable(takeDurable);

  /** What a failed commit has left behind is read again: nothing is handed over after it. */
  const fail = (error: unknown): void => {
    if (!failure) options.onFailure(error);
    failure ??= { error };
  };

  const commit = async (withVerified: boolean): Promise<void> => {
    timer?.abort();
    timer = null;
    const pages = pending;
    const rows = pendingRows;
    pending = [];
    pendingBytes = 0;
    pendingRows = 0;
    const includeVerified = withVerified || isVerifiedDue();
    const changes = progress.pending({ includeVerified });
    try {
      if (failure) throw failure.error;
      if (isNothing(changes)) return;
      log.debug(`${counters.table}: commits ${rows} rows`);
      for (const { batch } of pages) await load.write(batch);
      // Never the run's own signal: a run that is being stopped still makes durable what it has read.
      const receipt = await load.commit({ ...changes, ...schema, nowMs: clock.now() }, { signal: NEVER_ABORTED });
      if (includeVerified) verifiedAtMs = clock.now();
      accepted.push({ changes, receipt });
      progress.accepted(changes);
      if (receipt.receipt === 'durable') takeDurable(durableCommits + accepted.length);
    } catch (error) {
      fail(error);
      throw error;
    } finally {
      for (const { memory, heldBytes } of pages) memory.release(heldBytes);
    }
  };

  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    // After a failure too: the pages that were added since must give their memory back.
    const result = flushing.catch(() => {}).then(work);
    flushing = result;
    // The failure is reported by onFailure and by whoever awaits; a flush nobody awaits must not end the process.
    result.catch(() => {});
    return result;
  };
  const flush = (): Promise<void> => enqueue(() => commit(false));
  const settle = async (): Promise<void> => {
    await commit(true);
    if (accepted.length === 0) return;
    try {
      await load.acceptance?.settle();
      if (accepted.length === 0) return;
      throw new TributaryError('BUG', `${counters.table}: commits that were settled are not durable`);
    } catch (error) {
      fail(error);
      throw error;
    }
  };

  const startTimer = (): void => {
    if (timer !== null || failure !== null) return;
    const started = new AbortController();
    timer = started;
    clock.sleep(options.flushIntervalMs(), started.signal).then(
      () => void flush(),
      () => {},
    );
  };

  // Whoever waits for memory, of this table or another, waits for pages that become durable: without this, readers whose
  // pages lie here uncommitted and readers that wait for memory would wait for each other for ever.
  const subscriptions = options.memories.map((memory) =>
    memory.onContention(() => {
      if (pending.length > 0) void flush();
    }),
  );

  const mergeTypes = ({ page }: Batch): void => {
    const { changes, ...merged } = mergeObserved(schema, page, {
      key: options.key,
      capabilities: options.capabilities,
    });
    for (const { column, from, to } of changes) {
      const type = to.kind === 'decimal' ? `decimal(38,${to.scale})` : to.kind;
      const widens = `${counters.table}: column ${column} widens from ${from?.kind} to ${type}`;
      // Queries that compute with it break.
      if (from !== null && to.kind === 'text') log.warning(widens);
      else if (from !== null) log.info(widens);
      else log.debug(`${counters.table}: new column ${column} ${type}`);
    }
    schema = merged;
  };

  return {
    take(loaded, advance) {
      const { batch, heldBytes, memory } = loaded;
      try {
        mergeTypes(batch);
        advance();
      } catch (error) {
        memory.release(heldBytes);
        throw error;
      }
      pending.push(loaded);
      pendingBytes += heldBytes;
      pendingRows += batch.page.rowCount;
      counters.bytesRead += batch.page.body.byteLength;
      if (memory.isContended || pendingBytes >= most.bytes || pendingRows >= most.rows) void flush();
      else startTimer();
    },
    touch: startTimer,
    touchVerified() {
      if (isVerifiedDue()) startTimer();
    },
    flush: () => enqueue(settle),
    afterFlush: (use) =>
      enqueue(async () => {
        await settle();
        return await use();
      }),
    async finish() {
      for (const unsubscribe of subscriptions) unsubscribe();
      await enqueue(settle);
      timer?.abort();
    },
  };
}

interface Committed {
  readonly changes: UnitChanges;
  readonly receipt: CommitReceipt;
}

function isNothing({ moves, opened, pruned }: UnitChanges): boolean {
  return moves.length === 0 && opened.length === 0 && pruned.length === 0;
}

const NEVER_ABORTED = new AbortController().signal;
