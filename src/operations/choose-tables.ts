import { suggestion } from '../config/suggestion.ts';
import { defaultTable } from '../config/table-defaults.ts';
import type { SourceConfig, TableConfig } from '../config/tributary-config.ts';
import type { Connection } from '../connection/clients.ts';
import type { CatalogEntry } from '../discovery/catalog.ts';
import { describeTables, listTableNames } from '../discovery/discover.ts';
import { matchNames } from '../discovery/name-pattern.ts';
import { checkSelection, checkSettings } from '../discovery/selection.ts';
import type { ParsedProjection } from '../model/projection.ts';
import { parseTableRef } from '../model/table.ts';
import type { Clock } from '../platform/clock.ts';
import { TributaryError } from '../platform/errors.ts';
import { type ChangeCapabilities, checkTakesChanges } from './takes-changes.ts';

interface ChooseRequest {
  readonly source: SourceConfig;
  /** Only these tables of the selection; empty means all. */
  readonly tables: readonly string[];
  readonly connection: Connection;
  /** Absent: what the destination can do does not matter. */
  readonly destination?: { readonly capabilities: ChangeCapabilities };
  /**
   * LOG_BASED tables that have begun to follow their stream: what has become of the stream since is not judged here, so
   * that it can be recorded as a gap.
   */
  readonly followed?: ReadonlySet<string>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ChosenTable {
  readonly config: TableConfig;
  readonly projection: ParsedProjection | null;
}

interface ChosenTables {
  readonly chosen: readonly ChosenTable[];
  /** Tables that cannot be replicated as selected, with the reason: the others go on without them. */
  readonly refused: ReadonlyMap<string, TributaryError>;
}

/**
 * The tables of a run: those that the source selects by name and those that match its patterns, each judged by what
 * DynamoDB says about it now. Rejects with NOTHING_SELECTED, and with SELECTION_INVALID for a table that was asked for
 * but is not selected.
 */
export async function chooseTables(request: ChooseRequest): Promise<ChosenTables> {
  const { source, connection, clock, signal } = request;
  const selected = await selectedTables(request);
  const wanted =
    request.tables.length === 0
      ? [...selected.values()]
      : [...new Set(request.tables)].map((table) => asked(table, selected, source));
  if (wanted.length === 0)
    throw new TributaryError('NOTHING_SELECTED', `No table of source ${source.name} is selected`);
  const names = [...new Set(wanted.map(({ table }) => parseTableRef(table).table))];
  const catalog = new Map(
    (await describeTables(connection, names, { clock, signal })).map((entry) => [entry.name, entry]),
  );

  const chosen: ChosenTable[] = [];
  const refused = new Map<string, TributaryError>();
  for (const config of wanted) {
    try {
      chosen.push({
        config,
        projection: await judge(config, { request, entry: catalog.get(parseTableRef(config.table).table) }),
      });
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      refused.set(config.table, error);
    }
  }
  return { chosen, refused };
}

async function selectedTables({
  source,
  connection,
  clock,
  signal,
}: ChooseRequest): Promise<ReadonlyMap<string, TableConfig>> {
  if (source.selectNewTables.length === 0) return source.tables;
  const matching = matchNames(await listTableNames(connection, { clock, signal }), source.selectNewTables);
  const byPattern = matching.map((table) => [table, defaultTable(table, 'FULL_TABLE')] as const);
  // What the file says about a table goes before what a pattern says.
  return new Map([...byPattern, ...source.tables]);
}

function asked(table: string, selected: ReadonlyMap<string, TableConfig>, source: SourceConfig): TableConfig {
  const config = selected.get(table);
  if (config) return config;
  const meant = suggestion(table, selected.keys());
  throw new TributaryError('SELECTION_INVALID', `Table ${table} is not selected in source ${source.name}`, {
    hint:
      meant === null
        ? `Selected are: ${[...selected.keys()].join(', ') || 'none'}; \`tributary discover\` lists those that can be`
        : `Did you mean ${meant}?`,
  });
}

async function judge(
  config: TableConfig,
  { request, entry }: { readonly request: ChooseRequest; readonly entry: CatalogEntry | undefined },
): Promise<ParsedProjection | null> {
  const { source, destination, followed } = request;
  if (!entry?.table || entry.unsupported) {
    const { code, message, hint } = entry?.unsupported ?? {
      code: 'TABLE_NOT_FOUND',
      message: `Table ${config.table} does not exist`,
      hint: 'Compare with `tributary discover`',
    };
    throw new TributaryError(code, message, { hint });
  }
  if (destination !== undefined) {
    await checkTakesChanges(config, { source: source.name, capabilities: destination.capabilities });
  }
  const selection = { ...config, ref: parseTableRef(config.table) };
  return followed?.has(config.table) ? checkSettings(selection, entry.table) : checkSelection(selection, entry.table);
}
