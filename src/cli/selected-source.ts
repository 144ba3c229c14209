import { configPath, homePath, logLevelName } from '../config/environment.ts';
import { suggestion } from '../config/suggestion.ts';
import type { DestinationConfig, SourceConfig, TributaryConfig } from '../config/tributary-config.ts';
import type { ErrorCode } from '../platform/error-codes.ts';
import { TributaryError } from '../platform/errors.ts';
import type { LogLevel } from '../platform/logger.ts';
import type { CliContext } from './context.ts';
import { type GlobalOptions, parseLogLevel } from './program.ts';

/** More names than this say less in a hint than their number. */
const MAX_NAMES = 20;

export async function loadConfigFor(options: GlobalOptions, { environment }: CliContext): Promise<TributaryConfig> {
  const path = configPath(options.config, environment);
  // Late: its parsers are most of what help would have to load.
  const { loadConfig } = await import('../config/load-config.ts');
  return await loadConfig({ path, home: homePath(options.home, environment), environment });
}

/** The source that `--source` names, else the only one of the file. */
export function selectedSource(config: TributaryConfig, options: GlobalOptions): SourceConfig {
  const [source, another] = selectedSources(config, options);
  if (source !== undefined && another === undefined) return source;
  throw new TributaryError('USAGE', `${config.path} has several sources`, {
    hint: `Name one with --source: ${[...config.sources.keys()].join(', ')}`,
  });
}

/** The source that `--source` names, else all of the file; at least one. */
export function selectedSources(config: TributaryConfig, { source: name }: GlobalOptions): readonly SourceConfig[] {
  const known = [...config.sources.keys()];
  if (name === undefined && known.length > 0) return [...config.sources.values()];
  const source = name === undefined ? undefined : config.sources.get(name);
  if (source !== undefined) return [source];
  const what = name === undefined ? 'any source' : `a source ${name}`;
  throw new TributaryError('USAGE', `${config.path} does not have ${what}`, { hint: sourceHint(name, known) });
}

/** The destination of a source; that it exists was checked when the file was loaded. */
export function destinationOf(config: TributaryConfig, source: SourceConfig): DestinationConfig {
  const destination = config.destinations.get(source.destination);
  if (destination !== undefined) return destination;
  throw new TributaryError('BUG', `Source ${source.name} has no destination ${source.destination}`);
}

/**
 * What `--table` leaves of `items`; all of them without it. Throws `code` with what was probably meant when there is no
 * table of that name among them.
 */
export function onlyTables<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  { wanted, code, where }: { readonly wanted: readonly string[]; readonly code: ErrorCode; readonly where: string },
): readonly Item[] {
  const known = items.map(nameOf);
  const unknown = wanted.find((table) => !known.includes(table));
  if (unknown === undefined) return wanted.length === 0 ? items : items.filter((item) => wanted.includes(nameOf(item)));
  const meant = suggestion(unknown, known);
  const all = known.length > MAX_NAMES ? `${known.length} tables, see the command without --table` : known.join(', ');
  throw new TributaryError(code, `There is no table ${unknown} ${where}`, {
    hint: meant === null ? `There are: ${all || 'none'}` : `Did you mean ${meant}?`,
  });
}

/** `--log-level`, else its environment variable, else what the verb thinks right. */
export function logLevel(options: GlobalOptions, { environment }: CliContext, standard: LogLevel): LogLevel {
  const name = logLevelName(options.logLevel, environment);
  return name === undefined ? standard : parseLogLevel(name);
}

function sourceHint(name: string | undefined, known: readonly string[]): string {
  const meant = name === undefined ? null : suggestion(name, known);
  if (meant !== null) return `Did you mean ${meant}?`;
  return known.length === 0
    ? 'Add one under `sources`, or run `tributary init` in another folder'
    : `Sources: ${known.join(', ')}`;
}
