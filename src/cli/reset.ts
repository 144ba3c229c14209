import { TributaryError } from '../platform/errors.ts';
import { formatCount, plural } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import { examples, type Program } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

export function addResetVerb(program: Program, context: CliContext): void {
  program
    .command('reset')
    .summary('replicate tables from the beginning in the next run')
    .description(
      'Drops the bookmarks and the unfinished rows of tables; the next run replicates them completely, with a fresh schema. ' +
        'What is loaded stays readable until then. Asks before, unless --yes is given.',
    )
    .option('--all', 'all tables of the source that were ever replicated')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('tributary reset --table orders', 'tributary reset --source shop --all --yes'))
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const tables = options.table ?? [];
      if (tables.length > 0 === (options.all === true)) {
        throw new TributaryError('USAGE', 'A reset is for tables named with --table, or for --all of the source');
      }
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const { reset, previewReset } = await import('../operations/reset.ts');
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const opening = { context, destination: destinationOf(config, source), log };
      await withDestination(opening, async (destination) => {
        const request = { source: source.name, tables: options.all ? null : tables, destination };
        if (!options.yes) {
          const preview = await previewReset(request);
          const unfinished = preview.reduce((sum, { unfinishedRows }) => sum + unfinishedRows, 0);
          const names = preview.map(({ table }) => table).join(', ');
          await confirmed(
            `Reset ${plural(preview.length, 'table')} (${names}) of ${source.name}? ` +
              `${formatCount(unfinished)} unfinished rows are dropped; loaded rows stay until the next run replaces them.`,
            context,
          );
        }
        const outcomes = await reset(request);
        if (options.json) context.output.json({ source: source.name, tables: outcomes });
        else
          for (const { table, reset: done } of outcomes) {
            context.output.text(
              done ? `${table}: the next run replicates it from the beginning` : `${table}: was never replicated`,
            );
          }
      });
    });
}

async function confirmed(question: string, { isInteractive, confirm }: CliContext): Promise<void> {
  if (!isInteractive) {
    throw new TributaryError('USAGE', 'A reset asks before it drops anything, and nobody can answer here', {
      hint: 'Add --yes',
    });
  }
  if (!(await confirm(question)))
    throw new TributaryError('CANCELLED', 'Nothing was reset', { hint: 'You answered no' });
}
