import { basename, join } from 'node:path';
import { TributaryError } from '../../platform/errors.ts';
import type { LoadTarget } from '../destination.ts';
import { listFolder } from '../durable-file.ts';
import { withFileErrors } from '../file-errors.ts';
import { type LoggedTable, openTableLog, type TableLog } from './table-log.ts';

/** Beside the folders of schemas; no schema name begins with a point. */
export const PRIVATE_FOLDER = '.tributary';

export interface FoundTable {
  readonly log: TableLog;
  readonly table: LoggedTable;
}

/** The tables under a folder: `<schema>/<table>/_log`. Which source and table one belongs to, its log says. */
export interface TableFolders {
  list(): Promise<readonly FoundTable[]>;
  find(target: LoadTarget): Promise<FoundTable | null>;
  /** As `find`; rejects with BUG when the table was never begun. */
  require(target: LoadTarget): Promise<FoundTable>;
  /** The log of a table that may not exist yet. */
  at(schema: string, table: string): TableLog;
}

export function openTableFolders(root: string): TableFolders {
  const logs = new Map<string, TableLog>();
  /** Where a table was found; the names of a table never change. */
  const known = new Map<string, TableLog>();

  const at = (schema: string, table: string): TableLog => {
    // The names come from schema/naming.ts; a path in one would lead out of the root.
    if ([schema, table].some((name) => name.startsWith('.') || basename(name) !== name)) {
      throw new TributaryError('BUG', `"${schema}" and "${table}" are no folder names`);
    }
    const folder = join(root, schema, table);
    const log = logs.get(folder) ?? openTableLog(folder);
    logs.set(folder, log);
    return log;
  };
  const list = async (): Promise<readonly FoundTable[]> => {
    const found: FoundTable[] = [];
    for (const schema of await withFileErrors(root, () => listFolder(root))) {
      if (schema.startsWith('.')) continue;
      for (const name of await withFileErrors(root, () => listFolder(join(root, schema)))) {
        if (name.startsWith('.')) continue;
        const log = at(schema, name);
        const table = await log.read();
        if (table === null) continue;
        known.set(keyOf(table.ledger), log);
        found.push({ log, table });
      }
    }
    return found;
  };
  const find = async (target: LoadTarget): Promise<FoundTable | null> => {
    const log = known.get(keyOf(target));
    const table = (await log?.read()) ?? null;
    if (log !== undefined && table !== null) return { log, table };
    return (await list()).find((other) => keyOf(other.table.ledger) === keyOf(target)) ?? null;
  };
  return {
    at,
    list,
    find,
    require: async (target) => {
      const found = await find(target);
      if (found !== null) return found;
      throw new TributaryError('BUG', `${target.source}.${target.table} was never begun in ${root}`);
    },
  };
}

function keyOf({ source, table }: LoadTarget): string {
  return JSON.stringify([source, table]);
}
