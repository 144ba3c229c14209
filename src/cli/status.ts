import type { SourceStatus, TableStatus } from '../operations/status.ts';
import { formatCount, formatDuration, formatTime, plural } from '../platform/format.ts';
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
      'Shows for each table what readers see now, how old it may be, what an interrupted run has built, and the last error. ' +
        'Of a LOG_BASED table also its phase, and the time to loss: how long the changes that are not loaded yet stay in ' +
        'its stream.',
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
        const report = await withDestination({ context, destination, log }, (opened) =>
          status(source, opened, { nowMs: context.clock.now() }),
        );
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

function printStatus(
  { source, destination, guarantee, lastRun, tables }: SourceStatus,
  { output, clock }: CliContext,
): void {
  const { colors } = output;
  const repeats = guarantee === 'at-least-once' ? ' (at least once: after a failure rows may come again)' : '';
  output.text(`${colors.bold(`${source} -> ${destination}`)}${repeats}`);
  if (lastRun === null)
    output.text(tables.some(({ phase }) => phase !== null) ? 'No run has ended yet.' : 'No run yet.');
  else {
    const ended =
      lastRun.endedAtMs === null ? 'not ended' : `took ${formatDuration(lastRun.endedAtMs - lastRun.startedAtMs)}`;
    const outcome = outcomeText(lastRun, colors);
    output.text(`Last run ${lastRun.runId}: ${outcome}, began ${formatTime(lastRun.startedAtMs)}, ${ended}`);
  }
  if (tables.length > 0) printTables(tables, { output, clock });
  const openGaps = tables.reduce((sum, table) => sum + table.openGaps, 0);
  if (openGaps > 0) {
    output.text(`${colors.red(plural(openGaps, 'open gap'))}: changes may be missing, see \`tributary gaps\``);
  }
  for (const [cause, names] of causes(tables)) {
    const color = cause.code === 'CANCELLED' ? colors.yellow : colors.red;
    output.text(`${color(names.join(', '))} ${cause.code}: ${cause.message}\n  ${colors.bold('Fix:')} ${cause.hint}`);
  }
}

function printTables(tables: readonly TableStatus[], { output, clock }: Pick<CliContext, 'output' | 'clock'>): void {
  const { colors } = output;
  const hasStreams = tables.some(({ method, lagMs }) => method === 'LOG_BASED' || lagMs !== null);
  output.table(
    [
      ...['TABLE', 'METHOD', ...(hasStreams ? ['PHASE'] : []), 'LOADED AS', 'ROWS', 'AGE'],
      ...[...(hasStreams ? ['TIME TO LOSS'] : []), 'BEING READ', 'NOTE'],
    ],
    tables.map((table) => [
      table.table,
      table.method ?? colors.dim('not selected'),
      ...(hasStreams ? [phaseText(table, colors)] : []),
      table.destinationTable ?? '',
      table.liveRows === null ? '' : formatCount(table.liveRows),
      ageText(table, clock.now()),
      ...(hasStreams ? [timeToLossText(table, colors)] : []),
      readingText(table),
      table.resetRequested ? colors.yellow('reset asked for') : '',
    ]),
  );
}

function phaseText({ phase }: TableStatus, colors: Output['colors']): string {
  if (phase === null || phase === 'new' || phase === 'full-table') return '';
  const color = { following: colors.green, snapshotting: colors.yellow, resyncing: colors.yellow };
  return phase === 'gap' || phase === 'failed' ? colors.red(phase) : color[phase](phase);
}

/** How old what readers see may be: of a followed table as far as its bookmarks go, else since it was swapped in. */
function ageText({ phase, liveRows, lagMs, liveSinceMs }: TableStatus, nowMs: number): string {
  if (liveRows === null || liveSinceMs === null) return '';
  // What is being read, or waits, is of no one age.
  if (lagMs === null && phase !== null && phase !== 'full-table' && phase !== 'following') return '';
  return formatDuration(Math.max(0, lagMs ?? nowMs - liveSinceMs));
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A day is what there is after every run; half of it is a warning, and four hours are as long as one shard lives. */
function timeToLossText({ timeToLossMs }: TableStatus, colors: Output['colors']): string {
  if (timeToLossMs === null) return '';
  if (timeToLossMs <= 0) return colors.red('over');
  // Down to the minute: a table that is followed has a day less some seconds.
  const text = formatDuration(Math.floor(timeToLossMs / MINUTE_MS) * MINUTE_MS);
  if (timeToLossMs > 12 * HOUR_MS) return text;
  return timeToLossMs > 4 * HOUR_MS ? colors.yellow(text) : colors.red(text);
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

function readingText({ building, readInPlace }: TableStatus): string {
  if (readInPlace !== null) return `${readInPlace.segmentsDone} of ${plural(readInPlace.segmentsTotal, 'segment')}`;
  if (building === null) return '';
  return `${plural(building.rows, 'row')}, ${building.segmentsDone} of ${plural(building.segmentsTotal, 'segment')}`;
}
