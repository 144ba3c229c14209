import type { BeginVersion, Destination, FinishVersion, HaltTable, ResyncVersion } from '../load/destination.ts';
import { haltTable, resyncVersion } from '../load/stream-ledger.ts';
import { beginVersion, finishVersion, loadingVersion, withLoading } from '../load/table-ledger.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { Gap } from '../model/gap.ts';
import type { TableKey } from '../model/table.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { TapBookmark, TapState } from '../singer/tap-state.ts';
import type { BatchWriter } from './batch-files.ts';
import { bookmarkOf } from './bookmark.ts';
import type { SingerOutput } from './output.ts';
import { resumeFromBookmark } from './resume.ts';
import { createStateMessages } from './state-messages.ts';
import { createStreamMessages, type TapStream } from './stream-messages.ts';
import { openTapLoad } from './tap-load.ts';
import { createTapRunStore } from './tap-run-store.ts';
import type { TapSource } from './tap-source.ts';
import { beginLog, introduce, ledgerOf, nextSingerVersion, type TapTable } from './tap-table.ts';

const CAPABILITIES: Capabilities = {
  transactional: false,
  fenced: false,
  guarantee: 'at-least-once',
  changes: 'ordered',
  hardDeletes: false,
  commit: { bytes: 2 * 1024 * 1024, rows: 20_000 },
  identifierMaxBytes: 63,
  maxColumns: Number.MAX_SAFE_INTEGER,
  numbers: 'lattice',
  writers: 'one-process',
};

/**
 * Singer messages as a destination: rows become RECORDs, bookmarks STATE. Nothing is kept: the state is given by who runs
 * the tap, and what the messages of a run say last goes into the next.
 */
export interface TapDestination extends Destination {
  /**
   * Makes out where the bookmark of a table goes on; to be awaited before the table is replicated. Rejects with
   * STATE_INVALID where nobody has written it.
   */
  resume(table: string, options: { readonly signal: AbortSignal }): Promise<void>;
  /** The run of the table has ended well. */
  succeeded(table: string, atMs: number): Promise<void>;
}

interface TapDestinationOptions {
  readonly output: SingerOutput;
  /** That the run begins with. */
  readonly state: TapState;
  readonly streams: readonly TapStream[];
  readonly inferSchema: boolean;
  /** Null: rows are RECORDs. */
  readonly batches: BatchWriter | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asked only for a table whose bookmark the Python tap has had a part in. */
  readonly sourceOf: (table: string, signal: AbortSignal) => Promise<TapSource>;
}

/** `close` says the last STATE. */
export function createTapDestination(options: TapDestinationOptions): TapDestination {
  const { output, state, clock, log, inferSchema } = options;
  const tables = new Map(options.streams.map((stream) => [stream.stream, tableOf(stream, options)]));
  const named = (name: string): TapTable => {
    const table = tables.get(name);
    if (table === undefined) throw new TributaryError('BUG', `${name} is no stream of this run`);
    return table;
  };
  const states = createStateMessages({
    ...{ output, state, clock },
    bookmarkOf: (name) => bookmarkNow(named(name), { keepsTypes: inferSchema, nowMs: clock.now() }),
  });
  /** What a version is while it changes without rows; the next STATE says it. */
  const put = (table: TapTable, ledger: ReturnType<typeof ledgerOf>, gap: Gap | null): void => {
    table.progress = { ledger, gap, succeededAtMs: table.progress?.succeededAtMs ?? null };
    states.changed(table.stream.stream);
  };
  const begin = (request: BeginVersion): void => {
    const table = named(request.table);
    const before = table.progress?.ledger ?? null;
    const parts = { singerVersion: nextSingerVersion(table, request.nowMs), key: keyOf(request) };
    put(table, beginVersion(before, request, parts), latest(request.gaps));
    table.owesFirstActivation = before === null;
  };
  const resync = (request: ResyncVersion): void => {
    const table = named(request.table);
    const ledger = resyncVersion(ledgerOf(table), request);
    const loading = loadingVersion(ledger, { version: request.version, base: request.raisedBase });
    // Rows that nobody shows any more are told from the others by their version, when all have been read.
    const parts = { ...loading.parts, singerVersion: nextSingerVersion(table, clock.now()) };
    put(table, withLoading(ledger, { ...loading, parts }), latest(request.gaps));
    table.isLogBegun = true;
  };
  const finish = async (request: FinishVersion): Promise<{ readonly rowCount: number; readonly sweptRows: number }> => {
    const table = named(request.table);
    const loading = loadingVersion(ledgerOf(table), request);
    const { parts, rowCount } = loading;
    // What the reader of the messages has, and whether it is a loss, is not known here.
    const finished = finishVersion(
      ledgerOf(table),
      { ...request, allowShrink: true },
      { parts, rowCount, liveRowCount: 0 },
    );
    if (request.changes === null) {
      await introduce(table, loading, null);
      await table.messages.activate(parts.singerVersion);
    }
    put(table, finished, null);
    if (request.changes !== null) succeed(table, request.changes.caughtUpWithMs ?? request.nowMs);
    await states.say();
    return { rowCount, sweptRows: 0 };
  };
  return {
    capabilities: CAPABILITIES,
    runStore: createTapRunStore(tables, ({ stream }) => states.changed(stream.stream)),
    check: async function* () {
      yield { name: 'Output', status: 'succeeded', message: 'Singer messages go to stdout', hint: null };
    },
    refresh: {
      begin: async (request, { signal }) => {
        signal.throwIfAborted();
        begin(request);
      },
      finish: async (request, { signal }) => {
        signal.throwIfAborted();
        return await output.together(() => finish(request));
      },
    },
    gaps: {
      resync: async (request, { signal }) => {
        signal.throwIfAborted();
        resync(request);
      },
      halt: async (request: HaltTable, { signal }) => {
        signal.throwIfAborted();
        const table = named(request.table);
        put(table, haltTable(ledgerOf(table), request), latest(request.gaps));
      },
    },
    open: async (lane, { signal }) => {
      signal.throwIfAborted();
      return openTapLoad(named(lane.table), lane, { output, states });
    },
    sample: async () => [],
    resume: async (name, { signal }) => {
      const table = named(name);
      if (table.bookmark === null) return;
      const source = (): Promise<TapSource> => options.sourceOf(name, signal);
      const { method } = table.stream;
      const resume = { table: name, method, source, nowMs: clock.now(), log };
      table.progress = await resumeFromBookmark(table.bookmark, resume);
      // What it says of another method, or of nothing, is over; keys that no tap knows stay.
      if (table.progress === null) table.bookmark = { ...table.bookmark, isInitialLoadComplete: false };
    },
    succeeded: async (name, atMs) => {
      const table = named(name);
      await output.together(async () => {
        const loading = table.progress?.ledger.loading ?? null;
        if (loading !== null) await beginLog(table, loading);
        succeed(table, atMs);
        states.changed(name);
        await states.say();
      });
    },
    close: () => output.together(() => states.last()),
  };
}

function tableOf(stream: TapStream, options: TapDestinationOptions): TapTable {
  const bookmark = options.state.bookmarks.get(stream.stream) ?? null;
  return {
    ...{ stream, bookmark, progress: null, owesFirstActivation: false, isLogBegun: false },
    messages: createStreamMessages(stream, options),
    highestSingerVersion: bookmark?.version ?? 0,
  };
}

function bookmarkNow(table: TapTable, options: { readonly keepsTypes: boolean; readonly nowMs: number }): TapBookmark {
  const { progress, bookmark: was, stream } = table;
  if (progress === null) throw new TributaryError('BUG', `${stream.stream} was never begun`);
  return bookmarkOf(progress, { ...options, was, method: stream.method });
}

/** A clock that was set back must not make it older. */
function succeed(table: TapTable, atMs: number): void {
  if (table.progress === null) return;
  table.progress = { ...table.progress, succeededAtMs: Math.max(table.progress.succeededAtMs ?? 0, atMs) };
}

/** Gaps are of one cause when they come at once. */
function latest(gaps: readonly Gap[]): Gap | null {
  return gaps[0] ?? null;
}

function keyOf({ plan, table }: BeginVersion): TableKey {
  const [hash, range] = plan.columns.flatMap(({ attribute, key }) =>
    key === null ? [] : [{ name: attribute, type: key }],
  );
  if (hash === undefined) throw new TributaryError('BUG', `The plan of ${table} has no key`);
  return range === undefined ? [hash] : [hash, range];
}
