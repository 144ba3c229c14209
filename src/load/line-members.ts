import { endOfValue, QUOTE } from '../transcode/json-bytes.ts';

/**
 * The JSON texts of some members of a line that `itemLines` has written, as they stand there: numbers keep every digit.
 * Undefined for names that the line does not have.
 */
export function memberTexts(line: Buffer, names: readonly string[]): readonly (string | undefined)[] {
  const texts = new Map<string, string>();
  // Behind the brace, and then behind each comma; what follows the last member is no quote.
  for (let at = 1; line[at] === QUOTE && texts.size < names.length; at += 1) {
    const nameEnd = endOfValue(line, at);
    const name = String(JSON.parse(line.toString('utf8', at, nameEnd)));
    at = endOfValue(line, nameEnd + 1);
    if (names.includes(name)) texts.set(name, line.toString('utf8', nameEnd + 1, at));
  }
  return names.map((name) => texts.get(name));
}

/** The texts of the members that make a key; null when one is missing or null: such a line is no duplicate of another. */
export function keyTexts(line: Buffer, members: readonly string[]): readonly string[] | null {
  const texts = memberTexts(line, members).flatMap((text) => (text === undefined || text === 'null' ? [] : [text]));
  return texts.length === members.length ? texts : null;
}
