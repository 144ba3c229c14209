/** What a target has said last that tells people why it has ended. */
export interface LastWords {
  /** A line of its error output. */
  hear(line: string): void;
  /** One line without a final full stop; null where it has said nothing. */
  text(): string | null;
}

const MAX_CHARS = 300;
/** How Python links the parts of a traceback. */
const OF_TRACEBACK = /^(Traceback \(most recent call last\)|During handling of the above|The above exception was)/;
/** What database libraries say behind the reason: statements and the values of rows, which belong into no error. */
const DETAIL = /^([[(]|(DETAIL|HINT|CONTEXT|QUERY|STATEMENT|LINE \d+):)/;

export function createLastWords(): LastWords {
  let words: readonly string[] = [];
  let isInTraceback = false;
  return {
    hear(line) {
      const text = line.trim();
      if (OF_TRACEBACK.test(line)) isInTraceback = true;
      else if (/^\s/.test(line)) {
        // Indented lines are frames of a traceback, or what is listed under a heading.
        if (!isInTraceback && words[0]?.endsWith(':') && !DETAIL.test(text)) words = [...words, text];
      } else if (text !== '' && !DETAIL.test(text)) {
        isInTraceback = false;
        words = [text];
      }
    },
    text() {
      const said = words.join(' ').replace(/\.$/, '');
      if (said === '') return null;
      return said.length > MAX_CHARS ? `${said.slice(0, MAX_CHARS)}…` : said;
    },
  };
}
