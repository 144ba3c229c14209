import { type Attributes, type AttributeValue, parseAttributeValue } from './attribute-value.ts';
import {
  type AttributeNames,
  checkPathsApart,
  type PathStep,
  parseAttributeNames,
  type RawStep,
  readPath,
  resolvePath,
} from './document-path.ts';
import { expressionError, readTokens, type TokenReader } from './expression-lexer.ts';
import { canonicalNumber } from './number-text.ts';
import { type Fields, optionalFields, optionalText, optionalTextMap } from './request-fields.ts';
import { validationError } from './service-error.ts';
import type { Table, WriteResult } from './table.ts';

const WHAT = 'UpdateExpression';

type RawOperand =
  | { readonly value: string }
  | { readonly path: readonly RawStep[] }
  | { readonly ifNotExists: readonly RawStep[]; readonly otherwise: RawOperand }
  | { readonly append: readonly [RawOperand, RawOperand] };

interface RawSet {
  readonly path: readonly RawStep[];
  readonly operand: RawOperand;
  readonly plus: { readonly sign: '+' | '-'; readonly operand: RawOperand } | null;
}

/**
 * UpdateItem with the clauses SET (values, paths, `+`, `-`, if_not_exists, list_append) and REMOVE. ADD and DELETE are
 * refused: nothing here needs them yet, and a simulator must not guess.
 */
export function applyUpdate(table: Table, key: Attributes, request: Fields): WriteResult {
  const expression = optionalText(request, WHAT);
  const names = parseAttributeNames(optionalTextMap(request, 'ExpressionAttributeNames'), expression !== undefined);
  const values = readValues(request);
  const before = table.get(key) ?? key;
  if (expression === undefined) return table.put(before);

  const { sets, removes } = parseClauses(readTokens(expression, WHAT));
  const resolve = (path: readonly RawStep[]): readonly PathStep[] => resolvePath(path, names, WHAT);
  const removePaths = removes.map(resolve);
  const assignments = sets.map((set) => ({
    path: resolve(set.path),
    value: evaluateSet(set, { before, names, values }),
  }));
  names.checkAllUsed();
  values.checkAllUsed();
  const paths = [...assignments.map(({ path }) => path), ...removePaths];
  checkPathsApart(paths, WHAT);
  for (const { name } of table.definition.key) {
    if (paths.some(([first]) => first === name)) {
      throw validationError(
        `One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`,
      );
    }
  }
  let after: Attributes = before;
  for (const { path, value } of assignments) after = changed(after, path, value);
  // Later list elements first, so that earlier indexes keep their meaning.
  for (const path of [...removePaths].sort((a, b) => Number(b.at(-1)) - Number(a.at(-1)) || 0)) {
    after = changed(after, path, null);
  }
  return table.put(after);
}

function parseClauses(tokens: TokenReader): {
  readonly sets: readonly RawSet[];
  readonly removes: readonly (readonly RawStep[])[];
} {
  const sets: RawSet[] = [];
  const removes: (readonly RawStep[])[] = [];
  while (tokens.current.kind !== 'end') {
    const clause = tokens.current.text.toUpperCase();
    if (clause !== 'SET' && clause !== 'REMOVE') throw tokens.unexpected();
    tokens.take();
    do {
      if (clause === 'SET') sets.push(readSet(tokens));
      else removes.push(readPath(tokens));
    } while (tokens.takeSymbol(','));
  }
  return { sets, removes };
}

function readSet(tokens: TokenReader): RawSet {
  const path = readPath(tokens);
  if (!tokens.takeSymbol('=')) throw tokens.unexpected();
  const operand = readOperand(tokens);
  if (tokens.takeSymbol('+')) return { path, operand, plus: { sign: '+', operand: readOperand(tokens) } };
  if (tokens.takeSymbol('-')) return { path, operand, plus: { sign: '-', operand: readOperand(tokens) } };
  return { path, operand, plus: null };
}

function readOperand(tokens: TokenReader): RawOperand {
  if (tokens.current.kind === 'value') return { value: tokens.take().text };
  const path = readPath(tokens);
  const [first] = path;
  if (path.length > 1 || first === undefined || !('name' in first) || !tokens.takeSymbol('(')) return { path };
  const call = readCall(first.name, tokens);
  if (!tokens.takeSymbol(')')) throw tokens.unexpected();
  return call;
}

function readCall(name: string, tokens: TokenReader): RawOperand {
  const comma = (): void => {
    if (!tokens.takeSymbol(',')) throw tokens.unexpected();
  };
  if (name === 'if_not_exists') {
    const ifNotExists = readPath(tokens);
    comma();
    return { ifNotExists, otherwise: readOperand(tokens) };
  }
  if (name === 'list_append') {
    const first = readOperand(tokens);
    comma();
    return { append: [first, readOperand(tokens)] };
  }
  throw expressionError(WHAT, `Invalid function name; function: ${name}`);
}

interface UpdateValues {
  resolve(name: string): AttributeValue;
  checkAllUsed(): void;
}

function readValues(request: Fields): UpdateValues {
  const fields = optionalFields(request, 'ExpressionAttributeValues') ?? {};
  const values = new Map(Object.entries(fields).map(([name, value]) => [name, parseAttributeValue(value)]));
  const used = new Set<string>();
  return {
    resolve: (name) => {
      const value = values.get(name);
      if (value === undefined) {
        throw expressionError(
          WHAT,
          `An expression attribute value used in expression is not defined; attribute value: ${name}`,
        );
      }
      used.add(name);
      return value;
    },
    checkAllUsed: () => {
      const unused = [...values.keys()].filter((name) => !used.has(name));
      if (unused.length > 0) {
        throw validationError(
          `Value provided in ExpressionAttributeValues unused in expressions: keys: {${unused.join(', ')}}`,
        );
      }
    },
  };
}

interface Evaluation {
  readonly before: Attributes;
  readonly names: AttributeNames;
  readonly values: UpdateValues;
}

function evaluateSet({ operand, plus }: RawSet, evaluation: Evaluation): AttributeValue {
  const left = evaluate(operand, evaluation);
  if (plus === null) return left;
  const right = evaluate(plus.operand, evaluation);
  if (left.type !== 'N' || right.type !== 'N') {
    throw validationError('An operand in the update expression has an incorrect data type');
  }
  return { type: 'N', text: addNumbers(left.text, plus.sign === '-' ? negated(right.text) : right.text) };
}

function evaluate(operand: RawOperand, evaluation: Evaluation): AttributeValue {
  if ('value' in operand) return evaluation.values.resolve(operand.value);
  if ('append' in operand) {
    const [first, second] = operand.append.map((part) => evaluate(part, evaluation));
    if (first?.type !== 'L' || second?.type !== 'L') {
      throw validationError('An operand in the update expression has an incorrect data type');
    }
    return { type: 'L', values: [...first.values, ...second.values] };
  }
  const rawPath = 'path' in operand ? operand.path : operand.ifNotExists;
  const found = valueAt(evaluation.before, resolvePath(rawPath, evaluation.names, WHAT));
  if (found !== undefined) {
    // Placeholders of the side that is not taken count as used.
    if ('otherwise' in operand) evaluate(operand.otherwise, evaluation);
    return found;
  }
  if ('otherwise' in operand) return evaluate(operand.otherwise, evaluation);
  throw validationError('The provided expression refers to an attribute that does not exist in the item');
}

function valueAt(item: Attributes, path: readonly PathStep[]): AttributeValue | undefined {
  let value: AttributeValue | undefined = { type: 'M', entries: item };
  for (const step of path) {
    if (typeof step === 'number') value = value?.type === 'L' ? value.values[step] : undefined;
    else value = value?.type === 'M' ? value.entries.get(step) : undefined;
  }
  return value;
}

/** The item with the value at the path set, or removed where `value` is null. */
function changed(item: Attributes, path: readonly PathStep[], value: AttributeValue | null): Attributes {
  const [step, ...rest] = path;
  const entries = new Map(item);
  if (typeof step !== 'string') throw invalidPath();
  if (rest.length > 0) {
    const member = entries.get(step);
    if (member === undefined) throw invalidPath();
    entries.set(step, changedWithin(member, rest, value));
  } else if (value === null) {
    entries.delete(step);
  } else {
    entries.set(step, value);
  }
  return entries;
}

function changedWithin(
  container: AttributeValue,
  path: readonly PathStep[],
  value: AttributeValue | null,
): AttributeValue {
  if (container.type === 'M') return { type: 'M', entries: changed(container.entries, path, value) };
  const [step, ...rest] = path;
  if (container.type !== 'L' || typeof step !== 'number') throw invalidPath();
  const values = [...container.values];
  const element = values[step];
  if (rest.length > 0) {
    if (element === undefined) throw invalidPath();
    values[step] = changedWithin(element, rest, value);
  } else if (value === null) {
    values.splice(step, 1);
  } else {
    // An index behind the end appends.
    values.splice(step, element === undefined ? 0 : 1, value);
  }
  return { type: 'L', values };
}

function invalidPath(): Error {
  return validationError('The document path provided in the update expression is invalid for update');
}

function negated(text: string): string {
  return text.startsWith('-') ? text.slice(1) : `-${text}`;
}

/** Exact decimal addition of canonical numbers. */
function addNumbers(left: string, right: string): string {
  const scaleOf = (text: string): number => text.split('.')[1]?.length ?? 0;
  const scale = Math.max(scaleOf(left), scaleOf(right));
  const scaled = (text: string): bigint => BigInt(text.replace('.', '') + '0'.repeat(scale - scaleOf(text)));
  const sum = scaled(left) + scaled(right);
  return canonicalNumber(`${sum}e${-scale}`);
}
