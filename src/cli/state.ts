import type { TableStateReport } from '../operations/state.ts';
import type { CliContext } from './context.ts';
import { formatCount } from './format.ts';
import { examples, type Program } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource } from './selected-source.ts';
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
      const reports = await withDestination(opening, (destination) =>
        showState(destination, source.name, options.table ?? []),
      );
      if (options.json) context.output.json({ source: source.name, tables: reports });
      else if (reports.length === 0) context.output.text(`Nothing is stored about tables of ${source.name}.`);
      else for (const report of reports) printState(report, context);
    });
}

function printState({ state, units, schema }: TableStateReport, { output }: CliContext): void {
  const { bold } = output.colors;
  output.text(bold(`${state.table} -> ${state.destinationSchema}.${state.destinationTable}`));
  output.text(`  phase ${state.phase}, version ${state.liveVersion}, ${formatCount(state.liveRowCount)} rows`);
  const { building } = state;
  if (building !== null) {
    output.text(
      `  being built: version ${building.version}, base ${building.base}, ${formatCount(building.rowCount)} rows`,
    );
  }
  for (const { unit, epoch, position } of units) output.text(`  ${unit}  epoch ${epoch}  ${position}`);
  if (schema === null) return;
  output.text(`  schema version ${schema.schemaVersion}`);
  for (const { attribute, columnName, evidence } of schema.columns) {
    output.text(
      `    ${attribute} -> ${columnName ?? '(no value yet)'}${evidence.family === null ? '' : `, ${evidence.family}`}`,
    );
  }
}
