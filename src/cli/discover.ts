import { parseTableRef } from '../model/table.ts';
import type { discover as discoverTables } from '../operations/discover.ts';
import { formatBytes, formatCount, plural } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import { examples, type Program } from './program.ts';
import { loadConfigFor, logLevel, onlyTables, selectedSource } from './selected-source.ts';

type Entry = Awaited<ReturnType<typeof discoverTables>>[number];

export function addDiscoverVerb(program: Program, context: CliContext): void {
  program
    .command('discover')
    .summary('list the tables of a source')
    .description(
      'Lists all tables of the account and region with keys, size, billing, stream and indexes, and says of a table ' +
        'that cannot be replicated why not. Free of charge. Counts and sizes are those of DynamoDB, up to six hours old.',
    )
    .addHelpText('after', examples('tributary discover', 'tributary discover --source shop --json'))
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const { discover } = await import('../operations/discover.ts');
      const entries = await discover({
        connection: source.connection,
        clock: context.clock,
        log: context.logger(logLevel(options, context, 'ERROR')),
        signal: context.stopSignal('Stopping'),
      });
      const where = `in region ${source.connection.region} of source ${source.name}`;
      // An index is listed with its table.
      const wanted = (options.table ?? []).map((table) => parseTableRef(table).table);
      const shown = onlyTables(entries, ({ name }) => name, { wanted, code: 'TABLE_NOT_FOUND', where });
      const selected = new Set(source.tables.keys());
      if (options.json) {
        const tables = shown.map((entry) => ({ ...entry, selected: selected.has(entry.name) }));
        context.output.json({ source: source.name, tables });
      } else printCatalog(shown, selected, context);
    });
}

function printCatalog(entries: readonly Entry[], selected: ReadonlySet<string>, { output }: CliContext): void {
  const { colors } = output;
  if (entries.length > 0) {
    output.table(
      ['TABLE', 'KEY', 'ITEMS', 'SIZE', 'BILLING', 'STREAM', 'INDEXES', 'SELECTED'],
      entries.map(({ name, table, unsupported }) => [
        unsupported === null ? name : colors.yellow(name),
        table === null ? '' : table.key.map((key) => `${key.name} ${key.type}`).join(', '),
        table === null ? '' : formatCount(table.itemCount),
        table === null ? '' : formatBytes(table.sizeBytes),
        table === null ? '' : billing(table),
        table?.stream.enabled ? (table.stream.viewType ?? 'on') : '',
        table === null ? '' : table.indexes.map((index) => index.name).join(', '),
        selected.has(name) ? colors.green('yes') : '',
      ]),
    );
  }
  const unsupported = entries.filter((entry) => entry.unsupported !== null);
  output.text(`${plural(entries.length, 'table')}, ${unsupported.length} of them unsupported`);
  for (const { unsupported: reason } of unsupported) {
    output.text(`${colors.yellow('unsupported')} ${reason?.message}\n  ${colors.bold('Fix:')} ${reason?.hint}`);
  }
}

function billing({ billingMode, provisionedReadUnits }: NonNullable<Entry['table']>): string {
  return billingMode === 'PAY_PER_REQUEST' ? 'on demand' : `${formatCount(provisionedReadUnits ?? 0)} RCU`;
}
