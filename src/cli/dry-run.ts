import type { SourceConfig, TributaryConfig } from '../config/tributary-config.ts';
import type { TableEstimate } from '../operations/estimate.ts';
import type { TributaryError } from '../platform/errors.ts';
import { formatBytes, formatCount, formatDuration, formatUnits, formatUsd } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import type { GlobalOptions } from './program.ts';
import { combined } from './run-report.ts';
import { destinationOf, logLevel } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

/** Describing, opening and swapping take some seconds whatever the size: a shorter estimate says nothing. */
const LEAST_SECONDS = 10;

/** Prints what the next run of a source would read. Resolves to what keeps tables from being read. */
export async function printEstimate({
  config,
  source,
  options,
  context,
  signal,
}: {
  readonly config: TributaryConfig;
  readonly source: SourceConfig;
  readonly options: GlobalOptions;
  readonly context: CliContext;
  readonly signal: AbortSignal;
}): Promise<TributaryError | null> {
  const { estimate } = await import('../operations/estimate.ts');
  const connection = await context.openConnection(source.connection);
  try {
    const log = context.logger(logLevel(options, context, 'WARNING'));
    const tables = options.table ?? [];
    const opening = { context, destination: destinationOf(config, source), log };
    const estimates = await withDestination(opening, (destination) =>
      estimate({ source, tables, connection, destination, clock: context.clock, log, signal }),
    );
    if (options.json) context.output.json({ source: source.name, tables: estimates.map(estimateJson) });
    else printEstimates(source, estimates, context);
    return combined(estimates.flatMap(({ error }) => (error === null ? [] : [error])));
  } finally {
    connection.close();
  }
}

function estimateJson({ table, method, readsStreamOnly, estimate, error }: TableEstimate) {
  return {
    table,
    method,
    readsStreamOnly,
    ...estimate,
    error: error === null ? null : { code: error.code, message: error.message, hint: error.hint },
  };
}

function printEstimates(source: SourceConfig, estimates: readonly TableEstimate[], { output }: CliContext): void {
  output.text(output.colors.bold(`${source.name}: the next run would read`));
  const scanned = estimates.filter(({ readsStreamOnly }) => !readsStreamOnly);
  if (scanned.length > 0) {
    output.table(['TABLE', 'ROWS', 'SIZE', 'RCU', 'TIME', 'COST'], scanned.map(estimateRow(output.colors.red)));
  }
  for (const { table, readsStreamOnly } of estimates) {
    if (readsStreamOnly) output.text(`${table}: no Scan is needed, only the changes of its stream`);
  }
  if (scanned.some(({ method }) => method === 'LOG_BASED')) {
    output.text('LOG_BASED tables are read once, beside their stream; the next runs read only the stream.');
  }
}

function estimateRow(mark: (text: string) => string) {
  return ({ table, estimate, error }: TableEstimate): readonly string[] => {
    if (estimate === null) return [table, mark(error?.code ?? '')];
    const { rows, bytes, capacityUnits, seconds, costUsd } = estimate;
    return [
      table,
      formatCount(rows),
      formatBytes(bytes),
      formatUnits(capacityUnits),
      seconds < LEAST_SECONDS ? `under ${LEAST_SECONDS} s` : formatDuration(seconds * 1000),
      costUsd === null ? 'provisioned' : formatUsd(costUsd),
    ];
  };
}
