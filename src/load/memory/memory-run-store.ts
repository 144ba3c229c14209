import type { RunRecord } from '../../model/run.ts';
import type { RunStore } from '../../model/run-store.ts';
import { rewriteUnits } from '../stream-ledger.ts';
import { requestReset, schemaOf, tableState } from '../table-ledger.ts';
import { type MemoryStore, memoryKey, saveTable, tableOf } from './memory-store.ts';

const MAX_RUNS = 1000;

export function memoryRunStore(store: MemoryStore): RunStore {
  const runsOf = (source: string): readonly RunRecord[] =>
    [...store.runs.values()].filter((run) => run.source === source).sort((a, b) => b.startedAtMs - a.startedAtMs);
  return {
    readTables: async (source) => {
      const tables = [...store.tables.values()].filter((table) => table.source === source).map(tableState);
      return tables.sort((a, b) => (a.table < b.table ? -1 : 1));
    },
    readUnits: async (source, table) => [
      ...(store.tables.get(memoryKey({ source, table }))?.loading?.units.values() ?? []),
    ],
    readSchema: async (source, table) => {
      const ledger = store.tables.get(memoryKey({ source, table }));
      return ledger === undefined ? null : schemaOf(ledger);
    },
    readRuns: async (source, limit) => runsOf(source).slice(0, limit),
    saveRun: async (run) => {
      store.runs.set(run.runId, run);
      for (const old of runsOf(run.source).slice(MAX_RUNS)) store.runs.delete(old.runId);
    },
    requestReset: async (source, table) => {
      const ledger = store.tables.get(memoryKey({ source, table }));
      if (ledger === undefined) return false;
      store.tables.set(memoryKey(ledger), requestReset(ledger));
      return true;
    },
    readGaps: async (source) =>
      [...store.gaps.values()].filter((gap) => gap.source === source).sort((a, b) => b.detectedAtMs - a.detectedAtMs),
    rewriteUnits: async ({ units, ...request }) =>
      saveTable(store, rewriteUnits(tableOf(store, request), request, units)),
  };
}
