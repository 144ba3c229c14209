import type { Attributes, AttributeValue } from './attribute-value.ts';
import {
  type AttributeNames,
  checkPathsApart,
  type PathStep,
  readPath,
  refuseReservedWords,
  resolvePath,
} from './document-path.ts';
import { readTokens } from './expression-lexer.ts';
import { validationError } from './service-error.ts';
import type { KeySchema } from './table-definition.ts';

/**
 * A projection as a tree. `whole` takes the value as it is; otherwise the members wanted of a map, or the elements
 * wanted of a list.
 */
interface Wanted {
  whole: boolean;
  readonly members: Map<string, Wanted>;
  readonly elements: Map<number, Wanted>;
}

export interface Projection {
  /** Top-level attributes that it names. */
  readonly attributes: readonly string[];
  apply(item: Attributes): Attributes;
}

const WHAT = 'ProjectionExpression';

/** Parses a ProjectionExpression. Errors: ValidationException in the words of DynamoDB Local. */
export function parseProjection(expression: string, names: AttributeNames): Projection {
  const tokens = readTokens(expression, WHAT);
  const rawPaths = [readPath(tokens)];
  while (tokens.takeSymbol(',')) rawPaths.push(readPath(tokens));
  if (tokens.current.kind !== 'end') throw tokens.unexpected();
  refuseReservedWords(rawPaths, WHAT);
  const paths = rawPaths.map((path) => resolvePath(path, names, WHAT));
  checkPathsApart(paths, WHAT);
  return projectionOf(paths);
}

export function projectionOf(paths: readonly (readonly PathStep[])[]): Projection {
  const root = emptyWanted();
  for (const path of paths) addPath(root, path);
  return {
    attributes: [...root.members.keys()],
    apply: (item) => projectMembers(item, root.members),
  };
}

/** Key attributes are scalars: a path into one is refused before any item is read. */
export function checkKeyPathsScalar(paths: Projection, keys: readonly KeySchema[]): void {
  for (const { name } of keys.flat()) {
    if (paths.attributes.includes(name) && !paths.apply(new Map([[name, { type: 'NULL' }]])).has(name)) {
      throw validationError(
        `Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: ${name}`,
      );
    }
  }
}

function emptyWanted(): Wanted {
  return { whole: false, members: new Map(), elements: new Map() };
}

function addPath(root: Wanted, path: readonly PathStep[]): void {
  let node = root;
  for (const step of path) {
    node = typeof step === 'number' ? child(node.elements, step) : child(node.members, step);
  }
  node.whole = true;
}

function child<Step>(children: Map<Step, Wanted>, step: Step): Wanted {
  const known = children.get(step);
  if (known !== undefined) return known;
  const created = emptyWanted();
  children.set(step, created);
  return created;
}

function projectMembers(entries: Attributes, members: ReadonlyMap<string, Wanted>): Attributes {
  const projected = new Map<string, AttributeValue>();
  for (const [name, wanted] of members) {
    const value = entries.get(name);
    const part = value === undefined ? undefined : projectValue(value, wanted);
    if (part !== undefined) projected.set(name, part);
  }
  return projected;
}

/** The wanted part of a value, or undefined where nothing of it exists: then its parents do not appear either. */
function projectValue(value: AttributeValue, wanted: Wanted): AttributeValue | undefined {
  if (wanted.whole) return value;
  if (value.type === 'M') {
    const entries = projectMembers(value.entries, wanted.members);
    return entries.size === 0 ? undefined : { type: 'M', entries };
  }
  if (value.type === 'L') {
    // Elements come in the order of the list and close up: `l[2], l[0]` gives two elements.
    const values = value.values.flatMap((element, index) => {
      const part = wanted.elements.get(index);
      const projected = part === undefined ? undefined : projectValue(element, part);
      return projected === undefined ? [] : [projected];
    });
    return values.length === 0 ? undefined : { type: 'L', values };
  }
  return undefined;
}
