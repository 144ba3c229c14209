import type { CommanderError } from 'commander';
import { suggestion } from '../config/suggestion.ts';
import { TributaryError } from '../platform/errors.ts';

/** What the parser has against a command line, as any other error: with its code and what was meant. */
export function usageError(error: CommanderError): TributaryError {
  if (error.code === 'commander.help') return new TributaryError('USAGE', 'The command is missing', { cause: error });
  const [message = '', guess = ''] = error.message.replace(/^error: /, '').split('\n');
  const meant = likelyMeant(message, guess);
  return new TributaryError('USAGE', message.replace(/\.$/, ''), {
    ...(meant === null ? {} : { hint: `Did you mean ${meant}?` }),
    cause: error,
  });
}

/** The parser compares with the dashes, which makes short options look alike: only a guess that holds without them is one. */
function likelyMeant(message: string, guess: string): string | null {
  const word = /'(-*)(.+)'/.exec(message)?.[2];
  const guesses = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(guess)?.[1]?.split(', ') ?? [];
  if (word === undefined) return null;
  const plain = new Map(guesses.map((text) => [text.replace(/^-+/, ''), text]));
  return plain.get(suggestion(word, plain.keys()) ?? '') ?? null;
}
