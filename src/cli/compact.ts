import { suggestion } from '../config/suggestion.ts';
import type { DestinationConfig, TributaryConfig } from '../config/tributary-config.ts';
import { TributaryError } from '../platform/errors.ts';
import { formatBytes } from '../platform/format.ts';
import type { CliContext } from './context.ts';
import { examples, type Program, withoutOptions } from './program.ts';
import { loadConfigFor, logLevel } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

export function addCompactVerb(program: Program, context: CliContext): void {
  withoutOptions(program.command('compact'), ['source', 'table'])
    .argument('[destination]', 'name under `destinations`; not needed when the file has one')
    .summary('give back the space that old versions have left')
    .description('Rewrites a destination without the space that updates and replaced tables have left in it.')
    .addHelpText('after', examples('tributary compact', 'tributary compact warehouse'))
    .action(async (name, _, command) => {
      const options = command.optsWithGlobals();
      const config = await loadConfigFor(options, context);
      const destination = chosenDestination(config, name);
      const { compact } = await import('../operations/compact.ts');
      const log = context.logger(logLevel(options, context, 'WARNING'));
      const signal = context.stopSignal('Stopping');
      const sizes = await withDestination({ context, destination, log }, (opened) =>
        compact(destination.name, opened, signal),
      );
      if (options.json) context.output.json({ destination: destination.name, ...sizes });
      else context.output.text(`${destination.name}: ${sizesText(sizes)}`);
    });
}

function sizesText({ beforeBytes, afterBytes }: { readonly beforeBytes: number; readonly afterBytes: number }): string {
  if (beforeBytes === 0) return 'there is nothing to compact yet';
  return `${formatBytes(beforeBytes)} -> ${formatBytes(afterBytes)}`;
}

function chosenDestination({ destinations, path }: TributaryConfig, name: string | undefined): DestinationConfig {
  const known = [...destinations.keys()];
  const [only, another] = destinations.values();
  const chosen = name === undefined && another === undefined ? only : destinations.get(name ?? '');
  if (chosen !== undefined) return chosen;
  const meant = name === undefined ? null : suggestion(name, known);
  throw new TributaryError(
    'USAGE',
    name === undefined ? `${path} has ${known.length} destinations` : `${path} has no destination ${name}`,
    {
      hint:
        meant === null ? `Name one: ${known.join(', ') || 'add one under `destinations`'}` : `Did you mean ${meant}?`,
    },
  );
}
