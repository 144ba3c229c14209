import { rewriteUnits } from '../load/stream-ledger.ts';
import { requestReset, schemaOf, tableState } from '../load/table-ledger.ts';
import type { RunStore } from '../model/run-store.ts';
import { ledgerOf, type TapTable } from './tap-table.ts';

/** What is known of the tables while the tap runs. Runs are not recorded: who runs the tap does that. */
export function createTapRunStore(
  tables: ReadonlyMap<string, TapTable>,
  onChange: (table: TapTable) => void,
): RunStore {
  const change = (table: TapTable, next: TapTable['progress']): void => {
    table.progress = next;
    onChange(table);
  };
  return {
    // A tap has one source, whatever its name.
    readTables: async (source) =>
      [...tables.values()].flatMap(({ progress }) =>
        progress === null ? [] : [{ ...tableState(progress.ledger), source }],
      ),
    readUnits: async (_, table) => [...(tables.get(table)?.progress?.ledger.loading?.units.values() ?? [])],
    readSchema: async (_, table) => {
      const progress = tables.get(table)?.progress ?? null;
      return progress === null ? null : schemaOf(progress.ledger);
    },
    readRuns: async () => [],
    saveRun: async () => {},
    requestReset: async (_, name) => {
      const table = tables.get(name);
      if (table?.progress == null) return false;
      change(table, { ...table.progress, ledger: requestReset(table.progress.ledger) });
      return true;
    },
    readGaps: async () => [...tables.values()].flatMap(({ progress }) => progress?.gap ?? []),
    rewriteUnits: async ({ table: name, units, ...request }) => {
      const table = tables.get(name);
      if (table?.progress == null) return;
      change(table, { ...table.progress, ledger: rewriteUnits(ledgerOf(table), request, units) });
    },
  };
}
