import type { Batch } from '../../model/batch.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import type { ColumnPlan } from '../../model/column-plan.ts';
import type { StoredSchema } from '../../model/stored-schema.ts';
import type { UnitMove } from '../../model/unit-state.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { BeginVersion, Destination, FinishVersion, Lane, Load, LoadTarget } from '../destination.ts';
import { itemLines, memberName } from '../item-lines.ts';
import { keyTexts } from '../line-members.ts';
import { append, beginVersion, completeVersion, finishVersion, type TableLedger, takeOver } from '../table-ledger.ts';
import { memoryRunStore } from './memory-run-store.ts';
import { type MemoryRow, type MemoryStore, type MemoryTable, memoryKey } from './memory-store.ts';

/** Called around every commit of the destination, so that tests can make one fail, be lost or wait. */
export interface MemoryFaults {
  /** A throw fails the commit, nothing of it becomes visible. A promise holds it. */
  readonly beforeCommit?: (commit: MemoryCommit) => void | Promise<void>;
  /** A throw is a lost answer: the commit is durable and its caller does not know. */
  readonly afterCommit?: (commit: MemoryCommit) => void | Promise<void>;
}

export interface MemoryCommit extends LoadTarget {
  readonly version: number;
  readonly moves: readonly UnitMove[];
  readonly rowCount: number;
}

const CAPABILITIES: Capabilities = {
  transactional: true,
  fenced: true,
  guarantee: 'exactly-once',
  identifierMaxBytes: 63,
  maxColumns: 800,
  numbers: 'lattice',
  writers: 'many',
};

/**
 * A destination in this process, with the rules of the real ones: for tests. Everything durable lies in `store`, so a
 * second destination on the same store is what a new process would see.
 */
export function createMemoryDestination(store: MemoryStore, faults: MemoryFaults = {}): Destination {
  return {
    capabilities: CAPABILITIES,
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
        return finish(store, request);
      },
    },
    open: async (lane, { signal }) => {
      signal.throwIfAborted();
      const { ledger, units, schema } = takeOver(tableOf(store, lane), lane);
      save(store, ledger);
      return openLoad({ store, faults, lane, units, schema });
    },
    sample: async (target, count) => {
      const rows = store.tables.get(memoryKey(target))?.live?.parts.flat() ?? [];
      return rows.slice(0, count).map(({ line }) => line);
    },
    close: async () => {},
  };
}

/** The lines of the live version; null before the first swap. */
export function liveLines(store: MemoryStore, target: LoadTarget): readonly string[] | null {
  const live = store.tables.get(memoryKey(target))?.live;
  return live ? live.parts.flat().map(({ line }) => line) : null;
}

function begin(store: MemoryStore, request: BeginVersion): void {
  const before = store.tables.get(memoryKey(request)) ?? null;
  const ledger = beginVersion<readonly MemoryRow[]>(before, request);
  const { destinationSchema, destinationTable } = ledger;
  for (const other of before === null ? store.tables.values() : []) {
    if (other.destinationSchema !== destinationSchema || other.destinationTable !== destinationTable) continue;
    throw new TributaryError(
      'DESTINATION_NAME_TAKEN',
      `${destinationSchema}.${destinationTable} holds the table ${other.table} of the source ${other.source}`,
    );
  }
  save(store, ledger);
}

function finish(store: MemoryStore, request: FinishVersion): { readonly rowCount: number } {
  const ledger = tableOf(store, request);
  const { parts } = completeVersion(ledger, request);
  const all = parts.flat();
  const rows = request.deduplicateBy === null ? all : deduplicated(all, ledger, request.deduplicateBy);
  save(store, finishVersion(ledger, request, { parts: [rows], rowCount: rows.length }));
  return { rowCount: rows.length };
}

/** Keeps of each key the row that was read last; of rows read at once the one that came last. */
function deduplicated(rows: readonly MemoryRow[], table: MemoryTable, keyColumns: readonly string[]): MemoryRow[] {
  const columns = table.loading?.schema.columns ?? [];
  const members = columns
    .filter(({ columnName }) => columnName !== null && keyColumns.includes(columnName))
    .map(({ attribute }) => memberName(attribute));
  const winners = new Map<string | MemoryRow, MemoryRow>();
  for (const row of rows) {
    const texts = keyTexts(Buffer.from(row.line), members);
    const key = texts === null ? row : JSON.stringify(texts);
    const rival = winners.get(key);
    if (rival === undefined || rival.extractedAtMs <= row.extractedAtMs) winners.set(key, row);
  }
  return [...winners.values()];
}

interface OpenLoad {
  readonly store: MemoryStore;
  readonly faults: MemoryFaults;
  readonly lane: Lane;
  readonly units: Load['units'];
  readonly schema: StoredSchema;
}

function openLoad({ store, faults, lane, units, schema: storedSchema }: OpenLoad): Load {
  let pending: Batch[] = [];
  return {
    units,
    schema: storedSchema,
    write: async (batch) => {
      pending.push(batch);
    },
    commit: async ({ moves, plan, schema, nowMs }, { signal }) => {
      const batches = pending;
      pending = [];
      const rowCount = batches.reduce((sum, { page }) => sum + page.rowCount, 0);
      const commit = { source: lane.source, table: lane.table, version: lane.version, moves, rowCount };
      await faults.beforeCommit?.(commit);
      signal.throwIfAborted();
      const ledger = tableOf(store, lane);
      for (const batch of batches) assertCovered(plan, batch);
      const part = batches.flatMap((batch) =>
        rowsOf(batch, itemLines(batch, { batchedAtMs: nowMs, sequence: lane.base, tableVersion: lane.version })),
      );
      save(store, append(ledger, { ...lane, moves, part, rowCount, schema, nowMs }));
      await faults.afterCommit?.(commit);
      return { receipt: 'durable', upsertedRows: rowCount, rejectedRows: 0 };
    },
    close: async () => {
      pending = [];
    },
  };
}

function rowsOf({ extractedAtMs }: Batch, lines: Buffer): readonly MemoryRow[] {
  const texts = lines.toString().split('\n').slice(0, -1);
  return texts.map((line) => ({ line, extractedAtMs }));
}

/** What a destination with real columns would run into. */
function assertCovered(plan: ColumnPlan, { page }: Batch): void {
  const attributes = new Set(plan.columns.map(({ attribute }) => attribute));
  page.observed.forEach((observation, id) => {
    if (observation === undefined || observation.kinds === 0 || attributes.has(page.attributes.name(id))) return;
    throw new TributaryError('BUG', `The plan has no column for the attribute "${page.attributes.name(id)}"`);
  });
}

function tableOf(store: MemoryStore, target: LoadTarget): MemoryTable {
  const table = store.tables.get(memoryKey(target));
  if (table === undefined) throw new TributaryError('BUG', `${target.source}.${target.table} was never begun`);
  return table;
}

function save(store: MemoryStore, ledger: TableLedger<readonly MemoryRow[]>): void {
  store.tables.set(memoryKey(ledger), ledger);
}
