import { expressionError, type TokenReader } from './expression-lexer.ts';
import { RESERVED_WORDS } from './reserved-words.ts';
import { validationError } from './service-error.ts';

/** A step of a document path: an attribute name or a list index. */
export type PathStep = string | number;

/** Names behind the placeholders of one request, and which of them its expressions use. */
export interface AttributeNames {
  resolve(placeholder: string, what: string): string;
  /** Errors: ValidationException where a placeholder was defined and not used. */
  checkAllUsed(): void;
}

/** The largest index is not documented; DynamoDB Local refuses what does not fit an int32. */
const MAX_LIST_INDEX = 2 ** 31 - 1;
const MAX_PATH_STEPS = 32;

/** Checks ExpressionAttributeNames as DynamoDB does. `hasExpression`: the request has something to use them in. */
export function parseAttributeNames(
  names: ReadonlyMap<string, string> | undefined,
  hasExpression: boolean,
): AttributeNames {
  if (names !== undefined) {
    if (!hasExpression) throw validationError('ExpressionAttributeNames can only be specified when using expressions');
    if (names.size === 0) throw validationError('ExpressionAttributeNames must not be empty');
    for (const [key, value] of names) {
      if (!/^#[A-Za-z0-9_]+$/.test(key)) {
        throw validationError(`ExpressionAttributeNames contains invalid key: Syntax error; key: "${key}"`);
      }
      if (value === '') {
        throw validationError(`ExpressionAttributeNames contains invalid value: Empty attribute name for key ${key}`);
      }
    }
  }
  const used = new Set<string>();
  return {
    resolve: (placeholder, what) => {
      const name = names?.get(placeholder);
      if (name === undefined) {
        throw expressionError(
          what,
          `An expression attribute name used in the document path is not defined; attribute name: ${placeholder}`,
        );
      }
      used.add(placeholder);
      return name;
    },
    checkAllUsed: () => {
      const unused = [...(names?.keys() ?? [])].filter((key) => !used.has(key));
      if (unused.length > 0) {
        throw validationError(
          `Value provided in ExpressionAttributeNames unused in expressions: keys: {${unused.join(', ')}}`,
        );
      }
    },
  };
}

/** The text of a path, placeholders not yet resolved: syntax errors come before undefined names. */
export type RawStep = { readonly name: string } | { readonly placeholder: string } | { readonly index: string };

/** Reads `a.#b[1]` from the tokens. */
export function readPath(tokens: TokenReader): readonly RawStep[] {
  const steps: RawStep[] = [readName(tokens)];
  for (;;) {
    if (tokens.takeSymbol('.')) {
      steps.push(readName(tokens));
    } else if (tokens.takeSymbol('[')) {
      if (tokens.current.kind !== 'number') throw tokens.unexpected();
      steps.push({ index: tokens.take().text });
      if (!tokens.takeSymbol(']')) throw tokens.unexpected();
    } else {
      return steps;
    }
  }
}

function readName(tokens: TokenReader): RawStep {
  const { kind } = tokens.current;
  if (kind === 'name') return { name: tokens.take().text };
  if (kind === 'placeholder') return { placeholder: tokens.take().text };
  throw tokens.unexpected();
}

/** DynamoDB Local looks for reserved words in the whole expression before it looks up any placeholder. */
export function refuseReservedWords(paths: readonly (readonly RawStep[])[], what: string): void {
  for (const step of paths.flat()) {
    if ('name' in step && RESERVED_WORDS.has(step.name.toUpperCase())) {
      throw expressionError(what, `Attribute name is a reserved keyword; reserved keyword: ${step.name}`);
    }
  }
}

/** Puts names in for placeholders and refuses reserved words and indexes out of range. */
export function resolvePath(steps: readonly RawStep[], names: AttributeNames, what: string): readonly PathStep[] {
  refuseReservedWords([steps], what);
  if (steps.length > MAX_PATH_STEPS) {
    throw expressionError(what, `The document path has too many nesting levels; nesting levels: ${steps.length}`);
  }
  return steps.map((step) => {
    if ('placeholder' in step) return names.resolve(step.placeholder, what);
    if ('index' in step) {
      const index = Number(step.index);
      if (index > MAX_LIST_INDEX) {
        throw expressionError(what, `List index is not within the allowable range; index: [${step.index}]`);
      }
      return index;
    }
    return step.name;
  });
}

/** `[m, a, [2]]`, as error messages show a path. */
function pathText(path: readonly PathStep[]): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}

/** Refuses two paths of which one contains the other, or that want a map and a list at one place. */
export function checkPathsApart(paths: readonly (readonly PathStep[])[], what: string): void {
  for (const [index, second] of paths.entries()) {
    for (const first of paths.slice(0, index)) {
      const relation = relate(first, second);
      if (relation !== 'apart') {
        throw expressionError(
          what,
          `Two document paths ${relation} with each other; must remove or rewrite one of these paths; path one: ${pathText(first)}, path two: ${pathText(second)}`,
        );
      }
    }
  }
}

function relate(first: readonly PathStep[], second: readonly PathStep[]): 'apart' | 'overlap' | 'conflict' {
  for (const [depth, step] of first.entries()) {
    const other = second[depth];
    if (other === undefined) return 'overlap';
    if (typeof step !== typeof other) return 'conflict';
    if (step !== other) return 'apart';
  }
  return 'overlap';
}
