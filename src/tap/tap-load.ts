import type { Lane, Load } from '../load/destination.ts';
import { type LedgerCommit, loadingVersion, moveUnits, takeOver, withRows } from '../load/table-ledger.ts';
import type { Batch } from '../model/batch.ts';
import { ChangeKind } from '../model/change.ts';
import type { SingerOutput } from './output.ts';
import type { StateMessages } from './state-messages.ts';
import { isScanned, type TapLedger } from './tap-ledger.ts';
import { beginLog, introduce, ledgerOf, type TapTable } from './tap-table.ts';

interface TapSurroundings {
  readonly output: SingerOutput;
  readonly states: StateMessages;
}

/** Takes the units over. A commit is durable when its rows and then its STATE are in the pipe. */
export function openTapLoad(table: TapTable, lane: Lane, surroundings: TapSurroundings): Load {
  const { ledger, units, epoch, schema } = takeOver(ledgerOf(table), lane);
  keep(table, ledger);
  const { version, base } = lane;
  let pending: Batch[] = [];
  return {
    units,
    epoch,
    schema,
    write: async (batch) => {
      pending.push(batch);
    },
    commit: async ({ plan: _, ...commit }, { signal }) => {
      const batches = pending;
      pending = [];
      signal.throwIfAborted();
      await surroundings.output.together(() =>
        writeCommit(table, { batches, commit: { ...commit, version, base, epoch } }, surroundings),
      );
      const rows = rowCountOf(batches);
      const deletedRows = batches.reduce((sum, batch) => sum + deleteCountOf(batch), 0);
      const others = { compactedRows: 0, supersededRows: 0, rejectedRows: 0 };
      return { receipt: 'durable', upsertedRows: rows - deletedRows, deletedRows, ...others };
    },
    close: async () => {
      pending = [];
    },
  };
}

/** A write that is rejected leaves the ledger, and so every later STATE, where it was: what came before it comes again. */
async function writeCommit(
  table: TapTable,
  { batches, commit }: { readonly batches: readonly Batch[]; readonly commit: LedgerCommit },
  { states }: TapSurroundings,
): Promise<void> {
  const before = loadingVersion(ledgerOf(table), commit);
  // Before a byte is written: a commit that misses must not be seen.
  const moved = moveUnits(ledgerOf(table), commit);
  const after = loadingVersion(moved, commit);
  const { parts, schema } = after;
  const wasScanned = isScanned(before);
  const rows = rowCountOf(batches);
  // Whether a change brings another row, only a target knows.
  const scannedRows = rowCountOf(batches.filter(({ changes }) => changes === null));
  if (rows > 0) {
    await introduce(table, after, after.stream !== null && wasScanned ? parts.singerVersion : null);
    if (wasScanned && batches.some(({ changes }) => changes !== null)) await beginLog(table, after);
    await states.beforeRows(table.stream.stream);
    await table.messages.rows(batches, { schema, key: parts.key, version: parts.singerVersion });
  }
  if (after.stream !== null && !wasScanned && isScanned(after)) {
    await introduce(table, after, null);
    await table.messages.activate(parts.singerVersion);
  }
  keep(table, withRows(moved, commit, { parts, rowCount: after.rowCount + scannedRows, liveRowCount: 0 }));
  states.changed(table.stream.stream);
  await states.say();
}

function keep(table: TapTable, ledger: TapLedger): void {
  const { gap = null, succeededAtMs = null } = table.progress ?? {};
  table.progress = { ledger, gap, succeededAtMs };
}

function rowCountOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { page }) => sum + page.rowCount, 0);
}

function deleteCountOf({ changes }: Batch): number {
  return changes === null ? 0 : changes.kinds.reduce((sum, kind) => sum + (kind === ChangeKind.upsert ? 0 : 1), 0);
}
