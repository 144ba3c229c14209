import { editSelection, writeConfigFile } from '../config/edit.ts';
import { readConfigFile } from '../config/load-config.ts';
import type { SourceConfig, TableConfig } from '../config/tributary-config.ts';
import { type Connection, createConnection } from '../connection/clients.ts';
import type { CatalogEntry, CatalogTable } from '../discovery/catalog.ts';
import { describeTables, listTableNames } from '../discovery/discover.ts';
import { matchNames } from '../discovery/name-pattern.ts';
import { checkSelection } from '../discovery/selection.ts';
import { parseTableRef } from '../model/table.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import { type ChangeCapabilities, checkTakesChanges } from './takes-changes.ts';

export interface SelectRequest {
  readonly configPath: string;
  readonly source: SourceConfig;
  /** Tables to add, or to change to exactly these settings. */
  readonly select: readonly TableConfig[];
  /** Names of selected tables to take out; what was loaded of them stays. */
  readonly remove: readonly string[];
  /** Name patterns that are to choose tables from now on; null leaves them as they are. */
  readonly patterns: readonly string[] | null;
  /** Of the destination of the source; null where no table of `select` is LOG_BASED. */
  readonly capabilities: ChangeCapabilities | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface SelectResult {
  readonly selected: readonly { readonly config: TableConfig; readonly table: CatalogTable }[];
  readonly removed: readonly string[];
  /** Tables that the patterns choose now; null when the patterns were left as they are. */
  readonly matching: readonly string[] | null;
  /** Patterns that choose no table now. */
  readonly unmatched: readonly string[];
}

/**
 * Changes the selection of a source in the configuration file, after each table was judged by what DynamoDB says about it.
 * The file changes only when everything is right. Rejects with the error of the table, or with SELECTION_INVALID that
 * names all when several are wrong.
 */
export async function select(request: SelectRequest): Promise<SelectResult> {
  const { configPath, source, remove, patterns, clock, signal } = request;
  checkRemovals(request);
  const connection = createConnection(source.connection, { clock });
  try {
    const selected = await judgeTables(connection, request);
    const names = patterns === null ? null : await listTableNames(connection, { clock, signal });
    const yaml = await readConfigFile(configPath);
    await writeConfigFile(
      configPath,
      editSelection(yaml, { source: source.name, select: request.select, remove, patterns }),
    );
    return {
      selected,
      removed: remove,
      matching: names === null ? null : matchNames(names, patterns ?? []),
      unmatched: (names === null ? [] : (patterns ?? [])).filter(
        (pattern) => matchNames(names ?? [], [pattern]).length === 0,
      ),
    };
  } finally {
    connection.close();
  }
}

function checkRemovals({ source, remove }: SelectRequest): void {
  const unknown = remove.filter((table) => !source.tables.has(table));
  if (unknown.length === 0) return;
  const known = [...source.tables.keys()].join(', ') || 'none';
  throw new TributaryError('SELECTION_INVALID', `Source ${source.name} does not select ${unknown.join(', ')}`, {
    hint: `Selected are: ${known}`,
  });
}

async function judgeTables(
  connection: Connection,
  { source, select: configs, capabilities, clock, signal }: SelectRequest,
): Promise<SelectResult['selected']> {
  const names = [...new Set(configs.map(({ table }) => parseTableRef(table).table))];
  const entries = await describeTables(connection, names, { clock, signal });
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const selected: { config: TableConfig; table: CatalogTable }[] = [];
  const problems: { readonly table: string; readonly error: TributaryError }[] = [];
  for (const config of configs) {
    try {
      const ref = parseTableRef(config.table);
      const table = supportedTable(byName.get(ref.table), config.table);
      checkSelection({ ...config, ref }, table);
      if (capabilities !== null) await checkTakesChanges(config, { source: source.name, capabilities });
      selected.push({ config, table });
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      problems.push({ table: config.table, error });
    }
  }
  const [first, ...others] = problems;
  if (first === undefined) return selected;
  if (others.length === 0) throw aboutTable(first);
  const lines = problems.map(({ table, error }) => `  ${table}: ${error.message}. ${error.hint}`);
  throw new TributaryError('SELECTION_INVALID', `${problems.length} tables cannot be selected:\n${lines.join('\n')}`, {
    hint: 'Correct each of them; nothing was changed',
  });
}

/** An error about a projection knows only its text. */
function aboutTable({ table, error }: { readonly table: string; readonly error: TributaryError }): TributaryError {
  if (error.message.includes(table)) return error;
  const { code, message, hint, context } = error;
  return new TributaryError(code, `${table}: ${message}`, { hint, context: { ...context, table }, cause: error });
}

function supportedTable(entry: CatalogEntry | undefined, name: string): CatalogTable {
  if (entry?.table && entry.unsupported === null) return entry.table;
  const { code, message, hint } = entry?.unsupported ?? {
    code: 'BUG' as const,
    message: `Table ${name} was not described`,
    hint: 'Report it',
  };
  throw new TributaryError(code, message, { hint });
}
