import type { SourceConfig, TableConfig, TributaryConfig } from '../config/tributary-config.ts';
import type { CheckStep } from '../model/check-step.ts';
import { parseTableRef } from '../model/table.ts';
import { TributaryError } from '../platform/errors.ts';
import { plural } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import { examples, type Program } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, onlyTables, selectedSources } from './selected-source.ts';

export function addCheckVerb(program: Program, context: CliContext): void {
  program
    .command('check')
    .summary('check credentials, permissions, tables and destination')
    .description(
      'Checks everything that a run needs and says of each failure what to do: region, identity, roles, endpoint, clock, ' +
        'each selected table, the destination. Reads one item of each table, which costs half a read unit, and asks the ' +
        'stream of each LOG_BASED table once for records, which AWS bills as one GetRecords.',
    )
    .addHelpText('after', examples('tributary check', 'tributary check --source shop --table orders --json'))
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const signal = context.stopSignal('Stopping');
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const sources = selectedSources(config, options);
      const selected = sources.flatMap(({ tables }) => [...tables.values()]);
      const where = 'that is selected by its name';
      const tables = onlyTables(selected, ({ table }) => table, {
        wanted: options.table ?? [],
        code: 'SELECTION_INVALID',
        where,
      });
      const reports: { readonly source: string; readonly steps: readonly CheckStep[] }[] = [];
      for (const source of sources) {
        if (!options.json) context.output.text(context.output.colors.bold(`Source ${source.name}`));
        const steps: CheckStep[] = [];
        for await (const step of stepsOf({ config, source, tables, context, log, signal })) {
          steps.push(step);
          if (!options.json) printStep(step, context);
        }
        reports.push({ source: source.name, steps });
      }
      const steps = reports.flatMap((report) => report.steps);
      const failed = steps.filter(({ status }) => status === 'failed').length;
      if (options.json) {
        const sources = reports.map((report) => ({ ...report, status: statusOf(report.steps) }));
        context.output.json({ status: statusOf(steps), sources });
      }
      if (failed > 0) throw new TributaryError('CHECK_FAILED', `${failed} of ${plural(steps.length, 'step')} failed`);
    });
}

interface SourceCheck {
  readonly config: TributaryConfig;
  readonly source: SourceConfig;
  /** Of all sources. */
  readonly tables: readonly TableConfig[];
  readonly context: CliContext;
  readonly log: ReturnType<CliContext['logger']>;
  readonly signal: AbortSignal;
}

async function* stepsOf({ config, source, tables, context, log, signal }: SourceCheck): AsyncGenerator<CheckStep> {
  const { check } = await import('../operations/check.ts');
  const { checkSharedTarget } = await import('../operations/shared-target.ts');
  const selections = [...source.tables.values()]
    .filter((table) => tables.includes(table))
    .map(({ table, ...selection }) => ({ ref: parseTableRef(table), ...selection }));
  const destination = await context.openDestination(destinationOf(config, source), log);
  try {
    yield* check({ connection: source.connection, tables: selections, destination, clock: context.clock, signal });
    const shared = checkSharedTarget(config, source);
    if (shared !== null) yield shared;
  } finally {
    await destination.close();
  }
}

function statusOf(steps: readonly CheckStep[]): 'succeeded' | 'failed' {
  return steps.some(({ status }) => status === 'failed') ? 'failed' : 'succeeded';
}

function printStep({ name, status, message, hint }: CheckStep, { output }: CliContext): void {
  const { green, yellow, red, dim, bold } = output.colors;
  const marks = {
    succeeded: green('ok     '),
    warning: yellow('warning'),
    failed: red('failed '),
    skipped: dim('skipped'),
  };
  output.text(`  ${marks[status]}  ${name}: ${message}`);
  if (hint !== null) output.text(`           ${bold('Fix:')} ${hint}`);
}
