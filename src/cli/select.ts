import { Option } from '@commander-js/extra-typings';
import type { SourceConfig } from '../config/tributary-config.ts';
import type { SelectResult } from '../operations/select.ts';
import { TributaryError } from '../platform/errors.ts';
import { formatBytes, plural } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import { collect, examples, type Program } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource } from './selected-source.ts';
import { changedTable, parseMethod } from './table-flags.ts';
import { withDestination } from './with-destination.ts';

export function addSelectVerb(program: Program, context: CliContext): void {
  program
    .command('select')
    .argument('[tables...]', 'tables, or table/index for the view of an index')
    .summary('choose tables and how they are replicated')
    .description(
      'Changes the selection in the configuration file and nothing else in it, after DynamoDB was asked whether the tables ' +
        'can be replicated like that. Of a table that is selected already only the settings that are given change.',
    )
    .addOption(
      new Option(
        '--method <method>',
        'FULL_TABLE, or LOG_BASED to follow the stream; required for a new table',
      ).argParser(parseMethod),
    )
    .option('--projection <expression>', 'attributes to read, keys included; empty for all')
    .option('--attribute <#placeholder=name>', 'name for a placeholder of the projection; repeatable', collect)
    .option('--consistent-read', 'strongly consistent reads, at twice the capacity')
    .option('--no-consistent-read', 'eventually consistent reads')
    .option('--strip-global-table-attributes', 'leave out the attributes aws:rep:* of old global tables')
    .option('--no-strip-global-table-attributes', 'keep them')
    .addOption(
      new Option('--deletes <how>', 'LOG_BASED: mark rows of deleted items (soft) or remove them (hard)').choices([
        'soft',
        'hard',
      ] as const),
    )
    .option('--keep-last-image', 'LOG_BASED: rows that are marked as deleted keep their values')
    .option('--no-keep-last-image', 'they keep only their key')
    .addOption(
      new Option('--ttl-deletes <how>', 'LOG_BASED: what the expiry of items does').choices([
        'replicate',
        'ignore',
        'flag',
      ] as const),
    )
    .addOption(
      new Option(
        '--on-gap <policy>',
        'LOG_BASED: read the table again by itself after lost changes, or stop it',
      ).choices(['resync', 'fail'] as const),
    )
    .option('--pattern <pattern>', 'choose all tables, present and future, that match; repeatable', collect)
    .option('--remove', 'take the tables and patterns out of the selection; what is loaded stays')
    .addHelpText(
      'after',
      examples(
        'tributary select orders customers --method FULL_TABLE',
        "tributary select orders --projection 'id, #n, address.city' --attribute '#n=name'",
        'tributary select orders/by-customer --method FULL_TABLE',
        'tributary select orders --method LOG_BASED',
        'tributary select orders --method LOG_BASED --deletes hard --ttl-deletes ignore',
        'tributary select orders --keep-last-image --on-gap fail',
        "tributary select --pattern 'orders-*'",
        'tributary select --remove customers',
      ),
    )
    .action(async (names, _, command) => {
      const options = command.optsWithGlobals();
      const tables = [...new Set([...names, ...(options.table ?? [])])];
      const patterns = options.pattern ?? [];
      if (tables.length === 0 && patterns.length === 0) {
        throw new TributaryError('USAGE', 'select needs a table or a --pattern');
      }
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const isRemoval = options.remove === true;
      const wanted = isRemoval ? [] : tables.map((table) => changedTable(table, source, options));
      const isFollowing = wanted.some(({ method }) => method === 'LOG_BASED');
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const opening = { context, destination: destinationOf(config, source), log };
      const { select } = await import('../operations/select.ts');
      const result = await select({
        configPath: config.path,
        source,
        select: wanted,
        remove: isRemoval ? tables : [],
        patterns: patterns.length === 0 ? null : changedPatterns(source, patterns, isRemoval),
        capabilities: isFollowing ? await withDestination(opening, async ({ capabilities }) => capabilities) : null,
        clock: context.clock,
        signal: context.stopSignal('Stopping'),
      });
      if (options.json) context.output.json(resultJson(source, result));
      else printResult(config.path, result, context);
    });
}

function changedPatterns(
  { selectNewTables, name }: SourceConfig,
  patterns: readonly string[],
  isRemoval: boolean,
): readonly string[] {
  if (!isRemoval) return [...new Set([...selectNewTables, ...patterns])];
  const unknown = patterns.filter((pattern) => !selectNewTables.includes(pattern));
  if (unknown.length > 0) {
    throw new TributaryError('SELECTION_INVALID', `Source ${name} does not have the pattern ${unknown.join(', ')}`, {
      hint: `Its patterns are: ${selectNewTables.join(', ') || 'none'}`,
    });
  }
  return selectNewTables.filter((pattern) => !patterns.includes(pattern));
}

function resultJson(source: SourceConfig, { selected, removed, matching, unmatched }: SelectResult) {
  return { source: source.name, selected: selected.map(({ config }) => config), removed, matching, unmatched };
}

function printResult(
  path: string,
  { selected, removed, matching, unmatched }: SelectResult,
  { output }: CliContext,
): void {
  for (const { config, table } of selected) {
    const size = `about ${plural(table.itemCount, 'item')}, ${formatBytes(table.sizeBytes)}`;
    output.text(`${output.colors.green('selected')} ${config.table} ${config.method}, ${size}`);
  }
  for (const table of removed) output.text(`${output.colors.yellow('removed')} ${table}`);
  if (matching !== null) {
    output.text(
      `The patterns choose ${plural(matching.length, 'table')} now${matching.length === 0 ? '' : `: ${matching.join(', ')}`}`,
    );
  }
  for (const pattern of unmatched) output.text(`${output.colors.yellow('warning')} no table matches ${pattern} now`);
  output.text(`Saved in ${path}.`);
}
