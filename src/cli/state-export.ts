import type { CliContext } from './context.ts';
import { examples, type VerbGroup } from './program.ts';
import { destinationOf, loadConfigFor, logLevel, selectedSource } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

export function addStateExportVerb(group: VerbGroup, context: CliContext): void {
  group
    .command('export')
    .summary('print the bookmarks as a state file')
    .description(
      'Prints the versions and bookmarks of the tables as one line of JSON, from which `tributary state import` can put ' +
        'them back, here or in another destination. Rows are not in it. Reads only.',
    )
    .addHelpText(
      'after',
      examples(
        'tributary state export > state.json',
        'tributary state export --source shop --table orders > orders.json',
      ),
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const source = selectedSource(config, options);
      const { exportState } = await import('../operations/state-export.ts');
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const opening = { context, destination: destinationOf(config, source), log };
      const tables = options.table ?? [];
      const nowMs = context.clock.now();
      const text = await withDestination(opening, (destination) =>
        exportState({ source: source.name, tables, destination, nowMs }),
      );
      context.output.text(text);
    });
}
