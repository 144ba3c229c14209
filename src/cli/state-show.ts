import type { TableStateReport } from '../operations/state.ts';
import { formatCount, formatDuration, formatTime, plural } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import type { Output } from './output.ts';
import { examples, type VerbGroup } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, onlyTables, selectedSource } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

export function addStateShowVerb(group: VerbGroup, context: CliContext): void {
  group
    .command('show')
    .summary('print versions, bookmarks and column types')
    .description(
      'Prints versions, bookmarks and the type of each column. A stream may have thousands of shards: each one is listed ' +
        'only for tables that are named. Reads only.',
    )
    .addHelpText('after', examples('tributary state show', 'tributary state show --table orders --json'))
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const { showState } = await import('../operations/state.ts');
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const opening = { context, destination: destinationOf(config, source), log };
      const nowMs = context.clock.now();
      const stored = await withDestination(opening, (destination) =>
        showState(destination, { source: source.name, nowMs }),
      );
      const wanted = options.table ?? [];
      const where = `of source ${source.name} that was ever replicated`;
      const chosen = onlyTables(stored, ({ table }) => table, { wanted, code: 'SELECTION_INVALID', where });
      const reports = wanted.length > 0 ? chosen : chosen.map(withoutShards);
      if (options.json) context.output.json({ source: source.name, tables: reports });
      else if (reports.length === 0) context.output.text(`Nothing is stored about tables of ${source.name}.`);
      else for (const report of reports) printState(report, context);
    });
}

type Report = Omit<TableStateReport, 'stream'> & {
  readonly stream:
    | (Omit<NonNullable<TableStateReport['stream']>, 'shards'> & Partial<TableStateReport['stream']>)
    | null;
};

function withoutShards({ stream, ...report }: TableStateReport): Report {
  if (stream === null) return { ...report, stream };
  const { shards: _, ...counts } = stream;
  return { ...report, stream: counts };
}

function printState(report: Report, { output }: CliContext): void {
  const { table, destinationTable, liveVersion, liveRows, resetRequested, columns, stream } = report;
  output.text(output.colors.bold(`${table} -> ${destinationTable}`));
  output.text(
    liveVersion === null
      ? '  nothing that readers see yet'
      : `  readers see version ${liveVersion}, ${plural(liveRows ?? 0, 'row')}`,
  );
  printScan(report, output);
  if (stream !== null) printStream(report.phase, stream, output);
  if (resetRequested) output.text('  a reset is asked for: the next run begins anew');
  output.table(
    ['  ATTRIBUTE', 'COLUMN', 'TYPE'],
    columns.map(({ attribute, column, type }) => [`  ${attribute}`, column ?? '', type ?? 'only NULL so far']),
  );
  output.text('');
}

function printScan({ building, segments }: Report, output: Output): void {
  if (segments.length === 0) return;
  const count = (wanted: (typeof segments)[number]['progress']): number =>
    segments.filter(({ progress }) => progress === wanted).length;
  const done = `of ${plural(segments.length, 'segment')} ${count('finished')} finished, ${count('begun')} begun; the next run goes on there`;
  output.text(
    building === null
      ? `  it is being read: ${done}`
      : `  version ${building.version} is unfinished: ${plural(building.rows, 'row')} loaded, ${done}`,
  );
}

function printStream(phase: string, stream: NonNullable<Report['stream']>, output: Output): void {
  const { arn, openShards, finishedShards, lagMs, shards } = stream;
  const behind = lagMs === null ? '' : `, everything older than ${formatDuration(Math.max(0, lagMs))} is loaded`;
  output.text(`  ${phase} ${arn}`);
  output.text(`  ${plural(openShards, 'open shard')}, ${formatCount(finishedShards)} finished${behind}`);
  if (shards === undefined || shards.length === 0) return;
  output.table(
    ['  SHARD', 'POSITION', 'LANE', 'VERIFIED THROUGH', 'PARENT'],
    shards.map(({ shard, position, lane, verifiedThroughMs, parent }) => [
      `  ${shard}`,
      position,
      String(lane),
      formatTime(verifiedThroughMs),
      parent ?? '',
    ]),
  );
}
