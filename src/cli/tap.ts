import { TributaryError } from '../platform/errors.ts';
import type { Program } from './program.ts';

/**
 * Only a word in the list of commands: the tap takes its command line before this program looks at it, so that whoever comes
 * here has given options before `tap`.
 */
export function addTapVerb(program: Program): void {
  program
    .command('tap')
    .summary('write tables as Singer messages, as a tap')
    .description('A Singer tap for Amazon DynamoDB, with a command line of its own: `tributary tap --help`.')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new TributaryError('USAGE', 'tap takes no options of tributary', {
        hint: 'Write its own options behind it: tributary tap --config FILE --discover',
      });
    });
}
