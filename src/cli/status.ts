import type { SourceStatus, TableStatus } from '../operations/status.ts';
import { formatCount, formatDuration, formatTime } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import type { Output } from './output.ts';
import { examples, type Program } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, onlyTables, selectedSources } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

type LastRun = NonNullable<SourceStatus['lastRun']>;
type TableError = NonNullable<TableStatus['lastError']>;

export function addStatusVerb(program: Program, context: CliContext): void {
  program
    .command('status')
    .summary('show what is loaded and how the last run ended')
    .description(
      'Shows for each table what readers see now, how old it is, what an interrupted run has built, and the last error.',
    )
    .addHelpText('after', examples('tributary status', 'tributary status --source shop --json'))
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const { status } = await import('../operations/status.ts');
      const reports: SourceStatus[] = [];
      for (const source of selectedSources(config, options)) {
        const destination = destinationOf(config, source);
        const report = await withDestination({ context, destination, log }, (opened) => status(source, opened));
        reports.push(report);
      }
      const all = reports.flatMap(({ tables }) => tables);
      const where = 'that is selected or was ever replicated';
      const chosen = onlyTables(all, ({ table }) => table, {
        wanted: options.table ?? [],
        code: 'SELECTION_INVALID',
        where,
      });
      const shown = reports.map((report) => ({
        ...report,
        tables: report.tables.filter((table) => chosen.includes(table)),
      }));
      if (options.json) context.output.json({ sources: shown });
      else for (const report of shown) printStatus(report, context);
    });
}

function printStatus({ source, destination, lastRun, tables }: SourceStatus, { output, clock }: CliContext): void {
  const { colors } = output;
  output.text(colors.bold(`${source} -> ${destination}`));
  if (lastRun === null) output.text('No run yet.');
  else {
    const ended =
      lastRun.endedAtMs === null ? 'not ended' : `took ${formatDuration(lastRun.endedAtMs - lastRun.startedAtMs)}`;
    const outcome = outcomeText(lastRun, colors);
    output.text(`Last run ${lastRun.runId}: ${outcome}, began ${formatTime(lastRun.startedAtMs)}, ${ended}`);
  }
  if (tables.length > 0) {
    output.table(
      ['TABLE', 'METHOD', 'LOADED AS', 'ROWS', 'AGE', 'BEING BUILT', 'NOTE'],
      tables.map((table) => [
        table.table,
        table.method ?? colors.dim('not selected'),
        table.destinationTable ?? '',
        table.liveRows === null ? '' : formatCount(table.liveRows),
        table.liveSinceMs === null ? '' : formatDuration(clock.now() - table.liveSinceMs),
        buildingText(table),
        table.resetRequested ? colors.yellow('reset asked for') : '',
      ]),
    );
  }
  for (const [cause, names] of causes(tables)) {
    const color = cause.code === 'CANCELLED' ? colors.yellow : colors.red;
    output.text(`${color(names.join(', '))} ${cause.code}: ${cause.message}\n  ${colors.bold('Fix:')} ${cause.hint}`);
  }
}

function outcomeText({ tables, discovery }: LastRun, colors: Output['colors']): string {
  // A run without tables could not even find out which there are.
  if (tables.length === 0 && discovery.message !== null) return `${colors.red('failed')} (${discovery.message})`;
  if (tables.some(({ outcome }) => outcome === 'failed')) return colors.red('failed');
  return tables.some(({ outcome }) => outcome === 'cancelled') ? colors.yellow('stopped') : colors.green('succeeded');
}

/** Each different error once, with the tables that have it: a run that was stopped has stopped all of them. */
function causes(tables: readonly TableStatus[]): ReadonlyMap<TableError, readonly string[]> {
  const byText = new Map<string, { readonly error: TableError; readonly names: string[] }>();
  for (const { table, lastError } of tables) {
    if (lastError === null) continue;
    const text = JSON.stringify([lastError.code, lastError.message, lastError.hint]);
    const known = byText.get(text);
    if (known === undefined) byText.set(text, { error: lastError, names: [table] });
    else known.names.push(table);
  }
  return new Map([...byText.values()].map(({ error, names }) => [error, names]));
}

function buildingText({ building }: TableStatus): string {
  if (building === null) return '';
  return `${formatCount(building.rows)} rows, ${building.segmentsDone} of ${building.segmentsTotal} segments`;
}
