import type { Capabilities } from '../../model/capabilities.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { BeginVersion, Destination, LoadTarget } from '../destination.ts';
import { haltTable, resyncVersion } from '../stream-ledger.ts';
import { beginVersion } from '../table-ledger.ts';
import { finishMemoryVersion } from './finish-version.ts';
import { type MemoryLoadOptions, openLoad } from './memory-load.ts';
import { emptyRows } from './memory-rows.ts';
import { memoryRunStore } from './memory-run-store.ts';
import { type MemoryStore, memoryKey, saveTable, tableOf } from './memory-store.ts';

const CAPABILITIES: Capabilities = {
  transactional: true,
  fenced: true,
  guarantee: 'exactly-once',
  changes: 'merge',
  hardDeletes: true,
  commit: { bytes: 24 * 1024 * 1024, rows: 50_000 },
  identifierMaxBytes: 63,
  maxColumns: 800,
  numbers: 'lattice',
  writers: 'many',
};

/**
 * A destination in this process, with the rules of the real ones: for tests. Everything durable lies in `store`, so a
 * second destination on the same store is what a new process would see.
 */
export function createMemoryDestination(store: MemoryStore, options: MemoryLoadOptions = {}): Destination {
  return {
    capabilities: { ...CAPABILITIES, changes: options.changes ?? 'merge' },
    runStore: memoryRunStore(store),
    check: async function* () {
      yield { name: 'Memory', status: 'succeeded', message: 'The destination is this process', hint: null };
    },
    refresh: {
      begin: async (request, { signal }) => {
        signal.throwIfAborted();
        begin(store, request);
      },
      finish: async (request, { signal }) => {
        signal.throwIfAborted();
        return finishMemoryVersion(store, request);
      },
    },
    gaps: {
      resync: async (request, { signal }) => {
        signal.throwIfAborted();
        saveTable(store, resyncVersion(tableOf(store, request), request), request.gaps);
      },
      halt: async (request, { signal }) => {
        signal.throwIfAborted();
        saveTable(store, haltTable(tableOf(store, request), request), request.gaps);
      },
    },
    open: async (lane, { signal }) => {
      signal.throwIfAborted();
      return openLoad(store, lane, options);
    },
    sample: async (target, count) => (liveLines(store, target) ?? []).slice(0, count),
    close: async () => {},
  };
}

/** The lines of the live version; null before the first. */
export function liveLines(store: MemoryStore, target: LoadTarget): readonly string[] | null {
  const live = store.tables.get(memoryKey(target))?.live;
  return live ? Array.from(live.parts.byKey.values(), ({ line }) => line) : null;
}

function begin(store: MemoryStore, request: BeginVersion): void {
  const before = store.tables.get(memoryKey(request)) ?? null;
  const ledger = beginVersion(before, request, emptyRows());
  const { destinationSchema, destinationTable } = ledger;
  for (const other of before === null ? store.tables.values() : []) {
    if (other.destinationSchema !== destinationSchema || other.destinationTable !== destinationTable) continue;
    throw new TributaryError(
      'DESTINATION_NAME_TAKEN',
      `${destinationSchema}.${destinationTable} holds the table ${other.table} of the source ${other.source}`,
    );
  }
  saveTable(store, ledger, request.gaps);
}
