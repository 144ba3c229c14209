import { randomUUID } from 'node:crypto';
import type { SourceConfig, TributaryConfig } from '../config/tributary-config.ts';
import type { RunRecord } from '../model/run.ts';
import type { TributaryError } from '../platform/errors.ts';
import type { LogLevel } from '../platform/logger.ts';
import type { CliContext } from './context.ts';
import { type GlobalOptions, LOG_LEVELS } from './program.ts';
import { type ProgressDisplay, reportProgress } from './progress.ts';
import { createProgress } from './progress-display.ts';
import { failureOf, printRun } from './run-report.ts';
import { destinationOf, logLevel } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

export interface RunCommand {
  readonly config: TributaryConfig;
  readonly source: SourceConfig;
  readonly options: GlobalOptions;
  readonly allowShrink: boolean;
  /** Tables that follow their stream do so until the signal aborts. */
  readonly isContinuous: boolean;
  /** Lowest level of the log lines on stderr without --log-level; null: what suits the display. */
  readonly shownLevel: LogLevel | null;
  readonly context: CliContext;
  readonly signal: AbortSignal;
}

export interface EndedRun {
  readonly record: RunRecord;
  readonly logPath: string;
}

/** One run of a source with progress, log and report. Resolves to what it failed with; rejects when it could not start. */
export async function runSource(command: RunCommand): Promise<TributaryError | null> {
  const display = createDisplay(command);
  try {
    const ended = await replicateSource(command, { display, nameOf: (table) => table });
    display.stop();
    return reportRun(command, ended);
  } finally {
    display.stop();
  }
}

/** How the progress of one run, or of several, is shown. */
export function createDisplay({ options, context, signal }: Pick<RunCommand, 'options' | 'context' | 'signal'>) {
  return options.json ? jsonProgress(context) : createProgress({ ...context, signal });
}

/** Prints what a run did. Resolves to what it failed with. */
export function reportRun(
  { source, options, context, signal }: Pick<RunCommand, 'source' | 'options' | 'context' | 'signal'>,
  { record, logPath }: EndedRun,
): TributaryError | null {
  const { output } = context;
  if (options.json) output.json({ event: 'run', ...record });
  else {
    output.text(output.colors.bold(`${source.name} -> ${source.destination}`));
    printRun(record, output);
    output.text(output.colors.dim(`Log: ${logPath}`));
  }
  return failureOf(record, signal);
}

/** One run of a source on a display. Rejects when it could not start. */
export async function replicateSource(
  { config, source, options, allowShrink, isContinuous, shownLevel, context, signal }: RunCommand,
  {
    display,
    nameOf,
  }: {
    readonly display: ProgressDisplay /** Of a table, on the display. */;
    readonly nameOf: (table: string) => string;
  },
): Promise<EndedRun> {
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
    if (LOG_LEVELS.indexOf(level) >= shownFrom) display.log(line);
  });
  const connection = await context.openConnection(source.connection);
  try {
    const opening = { context, destination: destinationOf(config, source), log };
    const record = await withDestination(opening, (destination) =>
      sync({
        source,
        tables: options.table ?? [],
        allowShrink,
        isContinuous,
        runId,
        connection,
        destination,
        clock: context.clock,
        log,
        onTable: (progress) => display.add({ source: source.name, name: nameOf(progress.table), progress }),
        onProgress: () => {},
        signal,
      }),
    );
    return { record, logPath: file.path };
  } finally {
    connection.close();
  }
}

function jsonProgress({ output, stderr, clock }: CliContext): ProgressDisplay {
  const reports = reportProgress(clock, ({ source, progress }, { changesPerSecond }) =>
    output.json({ event: 'progress', source, ...progress, changesPerSecond }),
  );
  return { ...reports, log: (line) => void stderr.write(`${line}\n`) };
}

/** Sorts by time within a source and is good for a file name. */
function newRunId(source: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${source.replaceAll(/[^A-Za-z0-9_-]+/g, '_')}-${time}-${randomUUID().slice(0, 8)}`;
}
