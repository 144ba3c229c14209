import { expect, it } from 'vitest';
import { createLastWords } from './last-words.ts';

function lastWordsOf(text: string): string | null {
  const words = createLastWords();
  for (const line of text.split('\n')) words.hear(line);
  return words.text();
}

it.each([
  {
    what: 'the exception of a traceback',
    text: 'target - INFO starts\nTraceback (most recent call last):\n  File "a.py", line 1, in load\n    load()\nValueError: No host.\n',
    words: 'ValueError: No host',
  },
  {
    what: 'the last of several exceptions',
    text: 'Traceback (most recent call last):\n  File "a.py"\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b.py"\nRuntimeError: It is down\n',
    words: 'RuntimeError: It is down',
  },
  {
    what: 'the reason, not the statement and the values behind it',
    text: 'Error: connection refused\n\tIs the server running?\nDETAIL:  Failing row contains (7).\n[SQL: INSERT]\n[parameters: (7)]\n(Background on this error at: somewhere)',
    words: 'Error: connection refused',
  },
  {
    what: 'a heading with what is listed under it',
    text: 'level=ERROR message=Invalid configuration:\n   * No path.\n   * No schema.\n',
    words: 'level=ERROR message=Invalid configuration: * No path. * No schema',
  },
  { what: 'the beginning of a long line', text: 'x'.repeat(1000), words: `${'x'.repeat(300)}…` },
  { what: 'nothing where it has said nothing', text: '\n', words: null },
])('the last words of a target are $what', ({ text, words }) => {
  expect(lastWordsOf(text)).toBe(words);
});
