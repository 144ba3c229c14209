import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { SourceConfig, TableConfig } from '../config/tributary-config.ts';
import type { SelectResult } from '../operations/select.ts';
import { TributaryError } from '../platform/errors.ts';
import { formatBytes, formatCount, plural } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import { collect, examples, type Program } from './program.ts';
import { loadConfigFor, selectedSource } from './selected-source.ts';

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
        'FULL_TABLE; required for a new table (LOG_BASED is not in this version)',
      ).argParser(parseMethod),
    )
    .option('--projection <expression>', 'attributes to read, keys included; empty for all')
    .option('--attribute <#placeholder=name>', 'name for a placeholder of the projection; repeatable', collect)
    .option('--consistent-read', 'strongly consistent reads, at twice the capacity')
    .option('--no-consistent-read', 'eventually consistent reads')
    .option('--pattern <pattern>', 'choose all tables, present and future, that match; repeatable', collect)
    .option('--remove', 'take the tables and patterns out of the selection; what is loaded stays')
    .addHelpText(
      'after',
      examples(
        'tributary select orders customers --method FULL_TABLE',
        "tributary select orders --projection 'id, #n, address.city' --attribute '#n=name'",
        'tributary select orders/by-customer --method FULL_TABLE',
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
      if (options.method === 'LOG_BASED') {
        throw new TributaryError('SELECTION_INVALID', 'LOG_BASED is not in this version', {
          hint: 'Select the tables with --method FULL_TABLE',
        });
      }
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const isRemoval = options.remove === true;
      const { select } = await import('../operations/select.ts');
      const result = await select({
        configPath: config.path,
        source,
        select: isRemoval ? [] : tables.map((table) => changedTable(table, source, options)),
        remove: isRemoval ? tables : [],
        patterns: patterns.length === 0 ? null : changedPatterns(source, patterns, isRemoval),
        clock: context.clock,
        signal: context.stopSignal('Stopping'),
      });
      if (options.json) context.output.json(resultJson(source, result));
      else printResult(config.path, result, context);
    });
}

interface TableFlags {
  readonly method?: 'FULL_TABLE' | 'LOG_BASED' | undefined;
  readonly projection?: string | undefined;
  readonly attribute?: readonly string[] | undefined;
  readonly consistentRead?: boolean | undefined;
}

function changedTable(table: string, source: SourceConfig, flags: TableFlags): TableConfig {
  const present = source.tables.get(table);
  const method = flags.method ?? present?.method;
  if (method === undefined) {
    throw new TributaryError('USAGE', `How ${table} is to be replicated is not said`, {
      hint: 'Add --method FULL_TABLE',
    });
  }
  const projection = flags.projection === undefined ? (present?.projection ?? null) : flags.projection.trim() || null;
  // A new projection brings its own names; without one there is nothing that they could stand for.
  const kept = flags.projection === undefined ? (present?.expressionAttributes ?? {}) : {};
  return {
    table,
    method,
    projection,
    expressionAttributes:
      flags.attribute === undefined ? kept : Object.fromEntries(flags.attribute.map(parseAttribute)),
    consistentRead: flags.consistentRead ?? present?.consistentRead ?? false,
  };
}

function parseMethod(text: string): 'FULL_TABLE' | 'LOG_BASED' {
  const method = text.toUpperCase();
  if (method === 'FULL_TABLE' || method === 'LOG_BASED') return method;
  throw new InvalidArgumentError('Write FULL_TABLE.');
}

function parseAttribute(text: string): readonly [placeholder: string, name: string] {
  const match = /^(#?[^=]+)=(.+)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new TributaryError('USAGE', `--attribute ${text} is not a placeholder and a name`, {
      hint: "Write --attribute '#n=name'",
    });
  }
  const placeholder = match[1].startsWith('#') ? match[1] : `#${match[1]}`;
  return [placeholder, match[2]];
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
    const size = `about ${formatCount(table.itemCount)} items, ${formatBytes(table.sizeBytes)}`;
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
