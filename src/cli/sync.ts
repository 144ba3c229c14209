import type { SourceConfig, TributaryConfig } from '../config/tributary-config.ts';
import { TributaryError, toTributaryError } from '../platform/errors.ts';
import type { CliContext } from './context.ts';
import { printEstimate } from './dry-run.ts';
import { examples, type GlobalOptions, type Program } from './program.ts';
import { combined } from './run-report.ts';
import { createDisplay, replicateSource, reportRun, runSource } from './run-source.ts';
import { loadConfigFor, selectedSource, selectedSources } from './selected-source.ts';

export function addSyncVerb(program: Program, context: CliContext): void {
  program
    .command('sync')
    .summary('replicate the selected tables')
    .description(
      'Replicates the selected tables of a source (of all sources where none is named). An interrupted run goes on where it ' +
        'was durable. Readers see the tables of the last run until the new ones are complete. A LOG_BASED table is read ' +
        'once; after that a run applies the changes of its stream up to the moment at which it began. With --json: one ' +
        'JSON document a line, the progress of running tables every ten seconds and at last the run.',
    )
    .option('--follow', 'go on with the changes of LOG_BASED tables until Ctrl-C; all sources at once')
    .option('--dry-run', 'only estimate capacity, cost and time')
    .option('--allow-shrink', 'also replace a table by one with less than half of its rows')
    .addHelpText(
      'after',
      examples(
        'tributary sync',
        'tributary sync --source shop --table orders --table customers',
        'tributary sync --follow',
        'tributary sync --dry-run',
      ),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      if (options.follow && options.dryRun) {
        throw new TributaryError('USAGE', '--follow and --dry-run exclude each other', {
          hint: 'Leave one of them out',
        });
      }
      const config = await loadConfigFor(options, context);
      // A table belongs to one source: which one has to be said where there are several.
      const sources =
        (options.table ?? []).length > 0 ? [selectedSource(config, options)] : selectedSources(config, options);
      const signal = context.stopSignal(options.dryRun ? 'Stopping' : 'Stopping at the next durable bookmark');
      const sync = { config, sources, options, allowShrink: options.allowShrink === true, context, signal };
      const failures = options.follow
        ? await followSources(sync)
        : await oneByOne(sync, options.dryRun ? printEstimate : syncOnce);
      const failure = combined(failures);
      if (failure !== null) throw failure;
    });
}

interface SyncCommand {
  readonly config: TributaryConfig;
  readonly sources: readonly SourceConfig[];
  readonly options: GlobalOptions;
  readonly allowShrink: boolean;
  readonly context: CliContext;
  readonly signal: AbortSignal;
}

type SourceCommand = Omit<SyncCommand, 'sources'> & { readonly source: SourceConfig };

/** One source after the other; what one fails with does not stop the next. */
async function oneByOne(
  { sources, ...command }: SyncCommand,
  run: (command: SourceCommand) => Promise<TributaryError | null>,
): Promise<readonly TributaryError[]> {
  const failures: TributaryError[] = [];
  for (const source of sources) {
    try {
      const failure = await run({ ...command, source });
      if (failure !== null) failures.push(failure);
    } catch (error) {
      failures.push(toTributaryError(error));
    }
    if (command.signal.aborted) break;
  }
  return failures;
}

async function syncOnce(command: SourceCommand): Promise<TributaryError | null> {
  return await runSource({ ...command, isContinuous: false, shownLevel: null });
}

/** All sources side by side on one display, until the signal aborts or nothing is left to follow. */
async function followSources({ sources, ...command }: SyncCommand): Promise<readonly TributaryError[]> {
  const notFollowed = sources.map((source) => tablesNotFollowed(source, command.options.table ?? []));
  if (notFollowed.every(({ followedCount }) => followedCount === 0)) {
    throw new TributaryError(
      'SELECTION_INVALID',
      'No table that is LOG_BASED is selected: there is nothing to follow',
      {
        hint: 'Run `tributary select TABLE --method LOG_BASED`, or sync without --follow',
      },
    );
  }
  const display = createDisplay(command);
  for (const { fullTables } of notFollowed) {
    if (fullTables.length === 0) continue;
    display.log(`Replicated once and not followed, since they are FULL_TABLE: ${fullTables.join(', ')}`);
  }
  const runs = sources.map(async (source) => {
    const run = { ...command, source, isContinuous: true, shownLevel: null };
    const nameOf = (table: string): string => (sources.length === 1 ? table : `${source.name}.${table}`);
    return { run, ended: await replicateSource(run, { display, nameOf }) };
  });
  const outcomes = await Promise.allSettled(runs);
  display.stop();
  // Only now: reports between bars would tear them.
  return outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') return [toTributaryError(outcome.reason)];
    const { run, ended } = outcome.value;
    const failure = reportRun(run, ended);
    return failure === null ? [] : [failure];
  });
}

function tablesNotFollowed(
  { tables, selectNewTables }: SourceConfig,
  wanted: readonly string[],
): { readonly followedCount: number; readonly fullTables: readonly string[] } {
  const chosen = [...tables.values()].filter(({ table }) => wanted.length === 0 || wanted.includes(table));
  const fullTables = chosen.filter(({ method }) => method === 'FULL_TABLE').map(({ table }) => table);
  const byPattern = wanted.length === 0 ? selectNewTables : [];
  return { followedCount: chosen.length - fullTables.length, fullTables: [...fullTables, ...byPattern] };
}
