import { TributaryError } from '../../platform/errors.ts';
import type { LoadTarget } from '../destination.ts';
import { withFileErrors } from '../file-errors.ts';
import { nameOf } from '../table-ledger.ts';
import { readTableFiles, saveTableFile } from './table-files.ts';
import { createTargetTable, type StoredTable, type TargetTable } from './target-table.ts';

/** The tables of a destination while this process loads it. */
export interface TargetTables {
  /** Reads all that are stored, once; call it when nobody else writes them any more. */
  load(): Promise<void>;
  /** Empty before `load`. */
  all(): readonly TargetTable[];
  find(target: LoadTarget): TargetTable | null;
  /** As `find`; throws BUG for a table that was never begun. */
  require(target: LoadTarget): TargetTable;
  /** Makes a table durable that was not there. */
  add(stored: StoredTable): Promise<void>;
}

interface TargetTablesOptions {
  readonly folder: string;
  /** Called when what the target has confirmed could not be made durable. */
  readonly onFailure: (error: unknown) => void;
}

export function createTargetTables({ folder, onFailure }: TargetTablesOptions): TargetTables {
  const tables = new Map<string, TargetTable>();
  const save = (stored: StoredTable): Promise<void> => withFileErrors(folder, () => saveTableFile(folder, stored));
  const keep = (stored: StoredTable): void => {
    tables.set(keyOf(stored.ledger), createTargetTable({ stored, save, onFailure }));
  };
  const find = (target: LoadTarget): TargetTable | null => tables.get(keyOf(target)) ?? null;
  return {
    load: async () => {
      for (const stored of await readTableFiles(folder)) keep(stored);
    },
    all: () => [...tables.values()],
    find,
    require: (target) => {
      const table = find(target);
      if (table === null) throw new TributaryError('BUG', `${nameOf(target)} was never begun at the target`);
      return table;
    },
    add: async (stored) => {
      await save(stored);
      keep(stored);
    },
  };
}

function keyOf({ source, table }: LoadTarget): string {
  return JSON.stringify([source, table]);
}
