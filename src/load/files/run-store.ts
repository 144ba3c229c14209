import { join } from 'node:path';
import type { RunStore } from '../../model/run-store.ts';
import type { Clock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';
import { withFileErrors } from '../file-errors.ts';
import { readRunFiles, saveRunFile } from '../run-files.ts';
import { requestReset, schemaOf, tableState } from '../table-ledger.ts';
import { retiredWith } from './refresh.ts';
import { PRIVATE_FOLDER, type TableFolders } from './table-folders.ts';
import { requireTable } from './table-log.ts';

/** The run store in the logs of the tables, runs in files of their own. */
export function createFilesRunStore(root: string, folders: TableFolders, clock: Clock): RunStore {
  const runs = join(root, PRIVATE_FOLDER, 'runs');
  return {
    readTables: async (source) => {
      const states = (await folders.list()).map(({ table }) => tableState(table.ledger));
      return states.filter((state) => state.source === source).sort((a, b) => (a.table < b.table ? -1 : 1));
    },
    readUnits: async (source, table) => {
      const loading = (await folders.find({ source, table }))?.table.ledger.loading;
      return [...(loading?.units.values() ?? [])];
    },
    readSchema: async (source, table) => {
      const found = await folders.find({ source, table });
      return found === null ? null : schemaOf(found.table.ledger);
    },
    readRuns: (source, limit) => withFileErrors(root, () => readRunFiles(runs, source, limit)),
    saveRun: (run) => withFileErrors(root, () => saveRunFile(runs, run)),
    requestReset: async (source, table) => {
      const found = await folders.find({ source, table });
      if (found === null) return false;
      const nowMs = clock.now();
      await found.log.append((before) => {
        const { ledger } = requireTable(before, found.log);
        const retired = retiredWith(before, ledger.loading, nowMs);
        return { kind: 'reset', ledger: requestReset(ledger), retired };
      }, nowMs);
      return true;
    },
    // Only a stream has gaps.
    readGaps: async () => [],
    rewriteUnits: async ({ source, table }) => {
      throw new TributaryError('STATE_NOT_EDITABLE', `The bookmarks of ${source}.${table} in ${root} cannot be moved`, {
        context: { source, table },
      });
    },
  };
}
