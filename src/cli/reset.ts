import type { SourceConfig, TributaryConfig } from '../config/tributary-config.ts';
import type { ResetPreview } from '../operations/reset.ts';
import { TributaryError } from '../platform/errors.ts';
import { formatCount, plural } from '../platform/format.ts';
import { confirmed } from './confirmed.ts';
import type { CliContext } from './context.ts';
import { examples, type GlobalOptions, type Program } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

export function addResetVerb(program: Program, context: CliContext): void {
  program
    .command('reset')
    .summary('replicate tables from the beginning in the next run')
    .description(
      'Drops the bookmarks and the unfinished rows of tables; the next run replicates them completely, with a fresh schema, ' +
        'into a new version. What is loaded stays readable until that is complete. With --in-place a LOG_BASED table is ' +
        'read again into the rows that are there: nothing disappears meanwhile, and rows that only the destination has ' +
        'stay; that also ends a gap that waits for a decision. Asks before, unless --yes is given. A process that ' +
        'replicates the table at the moment stops with FENCED.',
    )
    .option('--all', 'all tables of the source that were ever replicated (with --in-place: all LOG_BASED ones)')
    .option('--in-place', 'LOG_BASED: keep the version and read it again; needs the source')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'tributary reset --table orders',
        'tributary reset --table orders --in-place',
        'tributary reset --source shop --all --yes',
      ),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const tables = options.table ?? [];
      if (tables.length > 0 === (options.all === true)) {
        throw new TributaryError('USAGE', 'A reset is for tables named with --table, or for --all of the source');
      }
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const reset = { config, source, tables: options.all ? null : tables, options, context };
      if (options.inPlace) await readAgain(reset);
      else await startOver(reset);
    });
}

interface ResetCommand {
  readonly config: TributaryConfig;
  readonly source: SourceConfig;
  /** Null: all. */
  readonly tables: readonly string[] | null;
  readonly options: GlobalOptions & { readonly yes?: true | undefined };
  readonly context: CliContext;
}

async function startOver({ config, source, tables, options, context }: ResetCommand): Promise<void> {
  const { reset, previewReset } = await import('../operations/reset.ts');
  const log = context.logger(logLevel(options, context, 'WARNING'));
  const opening = { context, destination: destinationOf(config, source), log };
  await withDestination(opening, async (destination) => {
    const request = { source: source.name, tables, destination };
    if (!options.yes) await ask(resetQuestion(source.name, await previewReset(request)), context);
    const outcomes = await reset(request);
    if (options.json) context.output.json({ source: source.name, tables: outcomes });
    else
      for (const { table, reset: done } of outcomes) {
        context.output.text(
          done ? `${table}: the next run replicates it from the beginning` : `${table}: was never replicated`,
        );
      }
  });
}

function resetQuestion(source: string, preview: readonly ResetPreview[]): string {
  const sum = (pick: (table: ResetPreview) => number): number => preview.reduce((total, each) => total + pick(each), 0);
  const names = preview.map(({ table }) => table).join(', ');
  const followed = preview.filter(({ followsStream }) => followsStream);
  const lines = [
    `Reset ${plural(preview.length, 'table')} (${names}) of ${source}? ` +
      `${formatCount(sum(({ unfinishedRows }) => unfinishedRows))} unfinished rows are dropped; loaded rows stay until the ` +
      'next run replaces them.',
  ];
  if (followed.length > 0) {
    lines.push(
      `${followed.map(({ table }) => table).join(', ')}: the new version has only what DynamoDB holds then. ` +
        `${plural(
          sum(({ markedRows }) => markedRows),
          'row',
        )} of deleted items, and expired ones that were kept, go with the old version; --in-place keeps them.`,
    );
  }
  return lines.join('\n');
}

async function readAgain({ config, source, tables, options, context }: ResetCommand): Promise<void> {
  const { resetInPlace } = await import('../operations/reset-in-place.ts');
  const { requireLogBased } = await import('../operations/log-based-tables.ts');
  const log = context.logger(logLevel(options, context, 'WARNING'));
  const chosen =
    tables ?? [...source.tables.values()].flatMap(({ table, method }) => (method === 'LOG_BASED' ? table : []));
  if (chosen.length === 0) {
    throw new TributaryError('NOTHING_SELECTED', `Source ${source.name} selects no table that is LOG_BASED`, {
      hint: 'Only such tables can be read again in place; leave --in-place out',
    });
  }
  requireLogBased(chosen.flatMap((table) => source.tables.get(table) ?? []));
  if (!options.yes) {
    await ask(
      `Read ${plural(chosen.length, 'table')} (${chosen.join(', ')}) of ${source.name} again in place? ` +
        'The next run reads everything; readers keep what is there, and what is not found is marked as deleted.',
      context,
    );
  }
  const signal = context.stopSignal('Stopping');
  const connection = await context.openConnection(source.connection);
  try {
    const opening = { context, destination: destinationOf(config, source), log };
    const done = await withDestination(opening, (destination) =>
      resetInPlace({ source, tables: chosen, connection, destination, clock: context.clock, log, signal }),
    );
    if (options.json) {
      context.output.json({
        source: source.name,
        tables: done.map((table) => ({ table, reset: true, inPlace: true })),
      });
    } else for (const table of done) context.output.text(`${table}: the next run reads it again in place`);
  } finally {
    connection.close();
  }
}

async function ask(question: string, context: CliContext): Promise<void> {
  await confirmed(question, { what: 'A reset', undone: 'Nothing was reset', context });
}
