import { join } from 'node:path';
import type { RunStore } from '../../model/run-store.ts';
import type { LoadTarget } from '../destination.ts';
import { withFileErrors } from '../file-errors.ts';
import { readRunFiles, saveRunFile } from '../run-files.ts';
import { rewriteUnits } from '../stream-ledger.ts';
import { requestReset, schemaOf, tableState } from '../table-ledger.ts';
import { settled } from './refresh.ts';
import { readTableFiles } from './table-files.ts';
import type { TargetLoader } from './target-loader.ts';
import type { StoredTable } from './target-table.ts';

/**
 * The run store in the state folder. Reads take no lock: they show what is durable, also while another process loads the
 * target. Runs that could not begin because of that are recorded all the same.
 */
export function createTargetRunStore(folder: string, loader: TargetLoader): RunStore {
  const runs = join(folder, 'runs');
  const read = (): Promise<readonly StoredTable[]> => withFileErrors(folder, () => readTableFiles(folder));
  const find = async ({ source, table }: LoadTarget): Promise<StoredTable | null> =>
    (await read()).find(({ ledger }) => ledger.source === source && ledger.table === table) ?? null;
  return {
    readTables: async (source) => {
      const states = (await read()).map(({ ledger }) => tableState(ledger));
      return states.filter((state) => state.source === source).sort((a, b) => (a.table < b.table ? -1 : 1));
    },
    readUnits: async (source, table) => [...((await find({ source, table }))?.ledger.loading?.units.values() ?? [])],
    readSchema: async (source, table) => {
      const stored = await find({ source, table });
      return stored === null ? null : schemaOf(stored.ledger);
    },
    readRuns: (source, limit) => withFileErrors(folder, () => readRunFiles(runs, source, limit)),
    saveRun: (run) => withFileErrors(folder, () => saveRunFile(runs, run)),
    requestReset: async (source, table) => {
      if ((await find({ source, table })) === null) return false;
      return await loader.exclusively(async (pipe, tables) => {
        const found = tables.require({ source, table });
        await settled(found, pipe);
        await found.replace({ ...found.durable, ledger: requestReset(found.durable.ledger) });
        return true;
      });
    },
    readGaps: async (source) => {
      const gaps = (await read()).flatMap((stored) => stored.gaps).filter((gap) => gap.source === source);
      return gaps.sort((a, b) => b.detectedAtMs - a.detectedAtMs);
    },
    rewriteUnits: ({ units, ...request }) =>
      loader.exclusively(async (pipe, tables) => {
        const table = tables.require(request);
        await settled(table, pipe);
        const before = table.durable;
        await table.replace({ ...before, ledger: rewriteUnits(before.ledger, request, units) });
      }),
  };
}
