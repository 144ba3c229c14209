import { TributaryError } from '../platform/errors.ts';
import { plural } from '../platform/format.ts';
import { confirmed } from './confirmed.ts';
import type { CliContext } from './context.ts';
import { examples, type VerbGroup } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource } from './selected-source.ts';
import { changeText } from './state-change-text.ts';
import { withDestination } from './with-destination.ts';

export function addStateEditVerb(group: VerbGroup, context: CliContext): void {
  group
    .command('edit')
    .summary('put one bookmark of a LOG_BASED table elsewhere')
    .description(
      'Puts one shard, or one segment of a Scan, of a LOG_BASED table elsewhere. Positions of a shard: start (what the stream ' +
        'still holds), "at NUMBER", "after NUMBER", end; of a segment: start, "after KEY" (DynamoDB JSON), end. Back means ' +
        'that changes are applied again, also those of all shards that came after it; forward means that changes in ' +
        'between are never loaded. Asks before, unless --yes is given. A run that is on its way ends with FENCED.',
    )
    .requiredOption('--unit <unit>', 'shard:ID or segment:NUMBER/TOTAL, as `state show --table` lists them')
    .requiredOption('--position <position>', 'where the next run goes on')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'tributary state edit --table orders --unit shard:shardId-00000001414576573621-f55eea83 --position start',
        'tributary state edit --table orders --unit segment:3/8 --position \'after {"id":{"S":"x"}}\' --yes',
      ),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const [table, another] = options.table ?? [];
      if (table === undefined || another !== undefined) {
        throw new TributaryError('USAGE', 'state edit is for one table: name it with --table');
      }
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const [{ planStateEdit }, { applyChange }] = await Promise.all([
        import('../operations/state-edit.ts'),
        import('../operations/state-change.ts'),
      ]);
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const opening = { context, destination: destinationOf(config, source), log };
      const nowMs = context.clock.now();
      const { unit, position } = options;
      const edit = await withDestination(opening, async (destination) => {
        const planned = await planStateEdit({ source: source.name, table, unit, position, destination, nowMs });
        const { from, to, change } = planned;
        if (!options.yes) {
          await confirmed(`Put ${unit} of ${table} from \`${from}\` to \`${to}\`? ${changeText(change)}`, {
            what: 'An edit of the state',
            undone: 'Nothing was changed',
            context,
          });
        }
        await applyChange(destination, change);
        return planned;
      });
      const { from, to, change } = edit;
      const alsoMoved = change.followingCount;
      if (options.json) context.output.json({ source: source.name, table, unit, from, to, alsoMoved });
      else {
        const others = alsoMoved === 0 ? '' : `; ${plural(alsoMoved, 'shard')} after it begin again, too`;
        context.output.text(`${table}: ${unit} goes on at \`${to}\` (it was \`${from}\`)${others}`);
      }
    });
}
