import { randomUUID } from 'node:crypto';
import type { SourceConfig, TributaryConfig } from '../config/tributary-config.ts';
import type { RunRecord } from '../model/run.ts';
import type { TableEstimate } from '../operations/estimate.ts';
import { type TributaryError, toTributaryError } from '../platform/errors.ts';
import { formatBytes, formatCount, formatDuration, formatUnits, formatUsd } from '../platform/format.ts';
import type { LogLevel } from '../platform/logger.ts';
import type { CliContext } from './context.ts';
import { examples, type GlobalOptions, LOG_LEVELS, type Program } from './program.ts';
import { type ProgressDisplay, reportProgress } from './progress.ts';
import { createProgress } from './progress-display.ts';
import { combined, failureOf, printRun } from './run-report.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource, selectedSources } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

/** Describing, opening and swapping take some seconds whatever the size: a shorter estimate says nothing. */
const LEAST_SECONDS = 10;

export function addSyncVerb(program: Program, context: CliContext): void {
  program
    .command('sync')
    .summary('replicate the selected tables')
    .description(
      'Replicates the selected tables of a source (of all sources where none is named). An interrupted run goes on where it ' +
        'was durable. Readers see the tables of the last run until the new ones are complete. With --json: one JSON ' +
        'document a line, the progress of running tables every ten seconds and at last the run.',
    )
    .option('--dry-run', 'only estimate capacity, cost and time')
    .option('--allow-shrink', 'also replace a table by one with less than half of its rows')
    .addHelpText(
      'after',
      examples(
        'tributary sync',
        'tributary sync --source shop --table orders --table customers',
        'tributary sync --dry-run',
      ),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const message = options.dryRun ? 'Stopping' : 'Stopping at the next durable bookmark';
      const signal = context.stopSignal(message);
      const failures: TributaryError[] = [];
      // A table belongs to one source: which one has to be said where there are several.
      const sources =
        (options.table ?? []).length > 0 ? [selectedSource(config, options)] : selectedSources(config, options);
      for (const source of sources) {
        try {
          const failure = options.dryRun
            ? await printEstimate({ source, options, context, signal })
            : await runSource({
                config,
                source,
                options,
                allowShrink: options.allowShrink === true,
                shownLevel: null,
                context,
                signal,
              });
          if (failure !== null) failures.push(failure);
        } catch (error) {
          // The other sources can be replicated all the same.
          failures.push(toTributaryError(error));
        }
        if (signal.aborted) break;
      }
      const failure = combined(failures);
      if (failure !== null) throw failure;
    });
}

interface SourceCommand {
  readonly source: SourceConfig;
  readonly options: GlobalOptions;
  readonly context: CliContext;
  readonly signal: AbortSignal;
}

interface RunCommand extends SourceCommand {
  readonly config: TributaryConfig;
  readonly allowShrink: boolean;
  /** Lowest level of the log lines on stderr without --log-level; null: what suits the display. */
  readonly shownLevel: LogLevel | null;
}

/** One run of a source with progress, log and report. Resolves to what it failed with; rejects when it could not start. */
export async function runSource(command: RunCommand): Promise<TributaryError | null> {
  const { source, options, context, signal } = command;
  const { output } = context;
  const { record, logPath } = await replicate(command, {
    progress: options.json ? jsonProgress(context) : createProgress({ ...context, signal }),
  });
  if (options.json) output.json({ event: 'run', ...record });
  else {
    output.text(output.colors.bold(`${source.name} -> ${source.destination}`));
    printRun(record, output);
    output.text(output.colors.dim(`Log: ${logPath}`));
  }
  return failureOf(record, signal);
}

async function replicate(
  { config, source, options, allowShrink, shownLevel, context, signal }: RunCommand,
  { progress }: { readonly progress: ProgressDisplay },
): Promise<{ readonly record: RunRecord; readonly logPath: string }> {
  const [{ sync }, { openRunLog }] = await Promise.all([
    import('../operations/sync.ts'),
    import('../operations/run-log.ts'),
  ]);
  const runId = newRunId(source.name, context.clock.now());
  const file = openRunLog({
    home: config.home,
    runId,
    nowMs: context.clock.now(),
    onLost: (message) => log.warning(message),
  });
  const isTerminal = context.stderr.isTTY === true;
  const standardLevel = shownLevel ?? (isTerminal || options.json ? 'WARNING' : 'INFO');
  const shownFrom = LOG_LEVELS.indexOf(logLevel(options, context, standardLevel));
  const keptFrom = Math.min(shownFrom, LOG_LEVELS.indexOf('INFO'));
  const log = context.logger(LOG_LEVELS[keptFrom] ?? 'INFO', (line, level) => {
    file.write(line);
    if (LOG_LEVELS.indexOf(level) >= shownFrom) progress.log(line);
  });
  const connection = await context.openConnection(source.connection);
  try {
    const opening = { context, destination: destinationOf(config, source), log };
    const record = await withDestination(opening, (destination) =>
      sync({
        source,
        tables: options.table ?? [],
        allowShrink,
        runId,
        connection,
        destination,
        clock: context.clock,
        log,
        onTable: (counters) => progress.add(counters),
        onProgress: () => {},
        signal,
      }),
    );
    return { record, logPath: file.path };
  } finally {
    progress.stop();
    connection.close();
  }
}

function jsonProgress({ output, stderr, clock }: CliContext): ProgressDisplay {
  const reports = reportProgress(clock, (progress) => output.json({ event: 'progress', ...progress }));
  return { ...reports, log: (line) => void stderr.write(`${line}\n`) };
}

async function printEstimate({ source, options, context, signal }: SourceCommand): Promise<TributaryError | null> {
  const { estimate } = await import('../operations/estimate.ts');
  const connection = await context.openConnection(source.connection);
  try {
    const log = context.logger(logLevel(options, context, 'WARNING'));
    const tables = options.table ?? [];
    const estimates = await estimate({ source, tables, connection, clock: context.clock, log, signal });
    if (options.json) context.output.json({ source: source.name, tables: estimates.map(estimateJson) });
    else printEstimates(source, estimates, context);
    return combined(estimates.flatMap(({ error }) => (error === null ? [] : [error])));
  } finally {
    connection.close();
  }
}

function estimateJson({ table, estimate, error }: TableEstimate) {
  return {
    table,
    ...estimate,
    error: error === null ? null : { code: error.code, message: error.message, hint: error.hint },
  };
}

function printEstimates(source: SourceConfig, estimates: readonly TableEstimate[], { output }: CliContext): void {
  output.text(output.colors.bold(`${source.name}: the next run would read`));
  output.table(
    ['TABLE', 'ROWS', 'SIZE', 'RCU', 'TIME', 'COST'],
    estimates.map(({ table, estimate, error }) =>
      estimate === null
        ? [table, output.colors.red(error?.code ?? '')]
        : [
            table,
            formatCount(estimate.rows),
            formatBytes(estimate.bytes),
            formatUnits(estimate.capacityUnits),
            estimate.seconds < LEAST_SECONDS ? `under ${LEAST_SECONDS} s` : formatDuration(estimate.seconds * 1000),
            estimate.costUsd === null ? 'provisioned' : formatUsd(estimate.costUsd),
          ],
    ),
  );
}

/** Sorts by time within a source and is good for a file name. */
function newRunId(source: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${source.replaceAll(/[^A-Za-z0-9_-]+/g, '_')}-${time}-${randomUUID().slice(0, 8)}`;
}
