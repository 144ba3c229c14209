import type { Batch } from '../../model/batch.ts';
import type { ColumnPlan } from '../../model/column-plan.ts';
import type { UnitMove } from '../../model/unit-state.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { CommitReceipt, Lane, Load, LoadTarget } from '../destination.ts';
import { type LedgerCommit, loadingVersion, moveUnits, takeOver, withRows } from '../table-ledger.ts';
import { incomingRows } from './memory-rows.ts';
import { type MemoryStore, saveTable, tableOf } from './memory-store.ts';
import { appendRows, mergeRows } from './merge-rows.ts';

export interface MemoryLoadOptions {
  /** What the destination does with changes, see Capabilities. */
  readonly changes?: 'merge' | 'ordered';
  /** Called around every commit. A throw fails it, nothing of it becomes visible. A promise holds it. */
  readonly beforeCommit?: (commit: MemoryCommit) => void | Promise<void>;
  /** A throw is a lost answer: the commit is durable and its caller does not know. */
  readonly afterCommit?: (commit: MemoryCommit) => void | Promise<void>;
}

export interface MemoryCommit extends LoadTarget {
  readonly version: number;
  readonly moves: readonly UnitMove[];
  readonly rowCount: number;
}

export function openLoad(store: MemoryStore, lane: Lane, options: MemoryLoadOptions): Load {
  const { ledger, units, epoch, schema: storedSchema } = takeOver(tableOf(store, lane), lane);
  saveTable(store, ledger);
  const { source, table, version, base } = lane;
  let pending: Batch[] = [];
  return {
    units,
    epoch,
    schema: storedSchema,
    write: async (batch) => {
      pending.push(batch);
    },
    commit: async ({ plan, ...commit }, { signal }) => {
      const batches = pending;
      pending = [];
      const rowCount = batches.reduce((sum, { page }) => sum + page.rowCount, 0);
      const seen = { source, table, version, moves: commit.moves, rowCount };
      await options.beforeCommit?.(seen);
      signal.throwIfAborted();
      const receipt = commitBatches({
        store,
        lane,
        batches,
        plan,
        commit: { ...commit, version, base, epoch },
        options,
      });
      await options.afterCommit?.(seen);
      return receipt;
    },
    close: async () => {
      pending = [];
    },
  };
}

interface CommitBatches {
  readonly store: MemoryStore;
  readonly lane: Lane;
  readonly batches: readonly Batch[];
  readonly plan: ColumnPlan;
  readonly commit: LedgerCommit;
  readonly options: MemoryLoadOptions;
}

/** Synchronous: everything that can fail comes before the first row is changed. */
function commitBatches({ store, lane, batches, plan, commit, options }: CommitBatches): CommitReceipt {
  const before = tableOf(store, lane);
  const { stream, phase, parts } = loadingVersion(before, commit);
  const moved = moveUnits(before, commit);
  for (const batch of batches) assertCovered(plan, batch);
  const metadata = {
    batchedAtMs: commit.nowMs,
    sequence: lane.base,
    tableVersion: lane.version,
    hasDeletes: stream !== null,
  };
  const incoming = batches.flatMap((batch) => incomingRows(batch, plan, metadata));
  const order = options.changes ?? 'merge';
  const counts =
    stream === null
      ? appendRows(parts, incoming)
      : mergeRows(parts, incoming, { order, deletes: lane.deletes, isFollowing: phase === 'following' });
  saveTable(store, withRows(moved, commit, { parts, rowCount: parts.byKey.size, liveRowCount: parts.liveCount }));
  return { receipt: 'durable', ...counts };
}

/** What a destination with real columns would run into. */
function assertCovered(plan: ColumnPlan, { page }: Batch): void {
  const attributes = new Set(plan.columns.map(({ attribute }) => attribute));
  page.observed.forEach((observation, id) => {
    if (observation === undefined || observation.kinds === 0 || attributes.has(page.attributes.name(id))) return;
    throw new TributaryError('BUG', `The plan has no column for the attribute "${page.attributes.name(id)}"`);
  });
}
