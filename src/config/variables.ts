import { isSecretName, passwordInUrl } from '../platform/secret-names.ts';
import type { OptionPath } from './config-text.ts';
import type { Environment } from './environment.ts';
import { type OptionSchema, optionAt } from './json-schema.ts';

interface Problem {
  readonly path: OptionPath;
  readonly message: string;
}

/** What a variable has put into a text of the file. */
export interface VariableValue {
  readonly path: OptionPath;
  readonly value: string;
}

interface Resolved {
  readonly value: unknown;
  readonly inserted: readonly VariableValue[];
  /** References to variables that are not set. */
  readonly missing: readonly Problem[];
  /** Secrets that are written into the file, names that cannot be used. */
  readonly refused: readonly Problem[];
}

// `$${` is the way to write `${` itself.
const REFERENCE = /\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const ONLY_REFERENCE = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;

/**
 * Replaces `${NAME}` in all strings, and nothing (`tables:` with no value) by an empty map where a map belongs. Never puts
 * a value into a message: variables hold secrets.
 */
export function resolveVariables(file: unknown, schema: OptionSchema, environment: Environment): Resolved {
  const inserted: VariableValue[] = [];
  const missing: Problem[] = [];
  const refused: Problem[] = [];
  const resolve = (value: unknown, path: OptionPath): unknown => {
    if (typeof value === 'string') {
      const option = optionAt(schema, path);
      if (option?.secret && !ONLY_REFERENCE.test(value)) {
        const example = `${String(path.at(-1))}: ${option.examples?.[0]}`;
        const message = `a secret does not belong into the file; write ${example} and set that variable`;
        refused.push({ path, message });
      } else if (isPlainSecret(value, path)) {
        const example = `${String(path.at(-1))}: \${MY_SECRET}`;
        const message = `a secret does not belong into the file; write it as ${example} and set that variable`;
        refused.push({ path, message });
      }
      return value.replaceAll(REFERENCE, (_, escaped: string | undefined, name: string) => {
        if (escaped !== undefined) return escaped;
        const found = environment[name];
        if (found === undefined) missing.push({ path, message: `the environment variable ${name} is not set` });
        else inserted.push({ path, value: found });
        return found ?? '';
      });
    }
    if (Array.isArray(value)) return value.map((element, index) => resolve(element, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      if (Object.hasOwn(value, '__proto__')) {
        // zod drops this key from records without a word.
        refused.push({ path: [...path, '__proto__'], message: 'this name cannot be used in the file' });
      }
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, resolve(child, [...path, key])]));
    }
    return value === null && optionAt(schema, path)?.type === 'object' ? {} : value;
  };
  return { value: resolve(file, []), inserted, missing, refused };
}

/** Those of a destination that are for another program: in its maps and lists. */
export function variableValuesOf(destination: string, inserted: readonly VariableValue[]): readonly string[] {
  return inserted
    .filter(
      ({ path }) => path[0] === 'destinations' && path[1] === destination && path.length > DESTINATION_OPTION_DEPTH,
    )
    .map(({ value }) => value);
}

/**
 * Maps under the options of a destination are the configuration of another program, of which we know no options: names
 * and addresses tell what is a secret.
 */
function isPlainSecret(value: string, path: OptionPath): boolean {
  if (path[0] !== 'destinations' || path.length <= DESTINATION_OPTION_DEPTH) return false;
  const name = path.findLast((step) => typeof step === 'string');
  const password = passwordInUrl(value);
  return (
    (isSecretName(String(name)) && value !== '' && !ONLY_REFERENCE.test(value)) ||
    (password !== null && !ONLY_REFERENCE.test(password))
  );
}

/** `destinations`, the name of one, an option of it. */
const DESTINATION_OPTION_DEPTH = 3;
