import type { z } from 'zod';

/** What was expected of a value, in the words of who wrote the file; null where the library says it well itself. */
export const plainIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'missing' : `expected ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `expected at least ${issue.minimum}`;
    case 'too_big':
      return `expected at most ${issue.maximum}`;
    default:
      return null;
  }
};

const KINDS: Readonly<Record<string, string>> = {
  ...{ string: 'a text', boolean: 'true or false', number: 'a number', int: 'a whole number' },
  ...{ array: 'a list', object: 'an object', record: 'an object' },
};
