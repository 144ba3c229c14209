import type { StateChange } from '../operations/state-change.ts';
import { TributaryError } from '../platform/errors.ts';
import { plural } from '../platform/format.ts';
import { confirmed } from './confirmed.ts';
import type { CliContext } from './context.ts';
import { examples, type VerbGroup } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource } from './selected-source.ts';
import { changeText } from './state-change-text.ts';
import { withDestination } from './with-destination.ts';

export function addStateRewindVerb(group: VerbGroup, context: CliContext): void {
  group
    .command('rewind')
    .summary('have the changes that a stream still holds applied again')
    .description(
      'Puts every shard that the streams of the tables still hold back to its start, finished ones too: the next run applies ' +
        'the changes of up to 24 hours again, in their order. Nothing else changes, and no Scan is needed. Asks before, ' +
        'unless --yes is given. A run that is on its way ends with FENCED.',
    )
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples('tributary state rewind --table orders', 'tributary state rewind --table orders --yes'),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const tables = [...new Set(options.table ?? [])];
      if (tables.length === 0) throw new TributaryError('USAGE', 'state rewind needs a table: name it with --table');
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const [{ planRewind }, { applyChange }] = await Promise.all([
        import('../operations/state-rewind.ts'),
        import('../operations/state-change.ts'),
      ]);
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const signal = context.stopSignal('Stopping');
      const connection = await context.openConnection(source.connection);
      const opening = { context, destination: destinationOf(config, source), log };
      const { clock } = context;
      try {
        const changes = await withDestination(opening, async (destination) => {
          const planned: StateChange[] = [];
          for (const table of tables) {
            planned.push(await planRewind({ source: source.name, table, connection, destination, clock, log, signal }));
          }
          if (!options.yes) {
            const lines = planned.map((change) => `${change.table}: ${changeText(change)}`);
            await confirmed(`${lines.join('\n')}\nRewind ${tables.join(', ')} of ${source.name}?`, {
              what: 'A rewind',
              undone: 'Nothing was changed',
              context,
            });
          }
          for (const change of planned) await applyChange(destination, change);
          return planned;
        });
        const rewound = changes.map(({ table, backCount }) => ({ table, shards: backCount }));
        if (options.json) context.output.json({ source: source.name, tables: rewound });
        else {
          for (const { table, shards } of rewound) {
            context.output.text(`${table}: ${plural(shards, 'shard')} to be read again by the next run`);
          }
        }
      } finally {
        connection.close();
      }
    });
}
