import type { TableStateReport } from '../operations/state.ts';
import { formatCount, plural } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import { examples, type Program } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, onlyTables, selectedSource } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

export function addStateVerb(program: Program, context: CliContext): void {
  const state = program
    .command('state')
    .summary('look at bookmarks and stored schemas')
    .description('What is stored about the tables of a source beside their rows.')
    .addHelpText('after', examples('tributary state show --table orders'));
  state
    .command('show')
    .summary('print versions, bookmarks and column types')
    .description('Prints versions, the bookmark of each segment and the type of each column. Reads only.')
    .addHelpText('after', examples('tributary state show', 'tributary state show --table orders --json'))
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const { showState } = await import('../operations/state.ts');
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const opening = { context, destination: destinationOf(config, source), log };
      const stored = await withDestination(opening, (destination) => showState(destination, source.name));
      const where = `of source ${source.name} that was ever replicated`;
      const reports = onlyTables(stored, ({ table }) => table, {
        wanted: options.table ?? [],
        code: 'SELECTION_INVALID',
        where,
      });
      if (options.json) context.output.json({ source: source.name, tables: reports });
      else if (reports.length === 0) context.output.text(`Nothing is stored about tables of ${source.name}.`);
      else for (const report of reports) printState(report, context);
    });
}

function printState(report: TableStateReport, { output }: CliContext): void {
  const { table, destinationTable, liveVersion, liveRows, building, segments, resetRequested, columns } = report;
  output.text(output.colors.bold(`${table} -> ${destinationTable}`));
  output.text(
    liveVersion === null
      ? '  nothing that readers see yet'
      : `  readers see version ${liveVersion}, ${formatCount(liveRows ?? 0)} rows`,
  );
  if (building !== null) {
    const count = (wanted: (typeof segments)[number]['progress']): number =>
      segments.filter(({ progress }) => progress === wanted).length;
    output.text(
      `  version ${building.version} is unfinished: ${formatCount(building.rows)} rows are loaded, of ` +
        `${plural(segments.length, 'segment')} ${count('finished')} finished, ${count('begun')} begun; the next run goes on there`,
    );
  }
  if (resetRequested) output.text('  a reset is asked for: the next run begins anew');
  output.table(
    ['  ATTRIBUTE', 'COLUMN', 'TYPE'],
    columns.map(({ attribute, column, type }) => [`  ${attribute}`, column ?? '', type ?? 'only NULL so far']),
  );
  output.text('');
}
