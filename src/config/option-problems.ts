import type { z } from 'zod';
import type { OptionPath } from './config-text.ts';
import { type OptionSchema, optionAt } from './json-schema.ts';
import { suggestion } from './suggestion.ts';

type Issue = z.core.$ZodIssue;

export interface OptionProblem {
  readonly path: OptionPath;
  /** What is wrong and how to write it right; never the value, which may come from a variable. */
  readonly message: string;
}

/** What zod found, in the words of this file's reader: one problem per option. */
export function optionProblems(issue: Issue, schema: OptionSchema): readonly OptionProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(optionAt(schema, issue.path)?.properties ?? {});
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: unknownOption(key, known) }));
  }
  const option = optionAt(schema, issue.path);
  if (isMissing(issue)) return [{ path: issue.path, message: `missing option${exampleOf(issue.path, option)}` }];
  return [{ path: issue.path, message: describe(issue, option) }];
}

function unknownOption(key: string, known: readonly string[]): string {
  const meant = suggestion(key, known);
  return meant === null
    ? `unknown option "${key}" (known here: ${known.join(', ')})`
    : `unknown option "${key}" (did you mean "${meant}"?)`;
}

function describe(issue: Issue, option: OptionSchema | undefined): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeName(issue.expected)}${exampleOf(issue.path, option)}`;
    case 'invalid_value':
      return `expected ${(option?.enum ?? issue.values).map(String).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `expected at least ${issue.minimum}`;
    case 'invalid_key':
      return 'a name must not be empty';
    case 'too_big':
      return `expected at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/** zod reports an absent option as a wrong type or value with the input `undefined`. */
function isMissing(issue: Issue): boolean {
  const wrong = issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';
  return wrong && issue.input === undefined;
}

function exampleOf(path: OptionPath, option: OptionSchema | undefined): string {
  const example = option?.examples?.[0] ?? option?.enum?.[0];
  if (example === undefined) return '';
  return `, for example ${String(path.at(-1))}: ${typeof example === 'string' ? example : JSON.stringify(example)}`;
}

function typeName(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'a text',
    boolean: 'true or false',
    number: 'a number',
    int: 'a whole number',
    array: 'a list',
    object: 'a map of options',
    record: 'a map of names',
  };
  return names[expected] ?? expected;
}
