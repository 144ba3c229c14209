import type { DocumentPath, ParsedProjection, PathStep } from '../../model/projection.ts';
import type { TableKey } from '../../model/table.ts';
import { TributaryError } from '../../platform/errors.ts';
import { definition, placeholderNames } from './expression-attributes.ts';
import { relationOf } from './path-overlap.ts';
import { projectionError } from './projection-error.ts';
import { isReservedWord } from './reserved-words.ts';
import { readTokens, type Token } from './tokens.ts';

export interface ProjectionSource {
  /** As the user wrote it. */
  readonly expression: string;
  /** Placeholder, with or without its `#`, to attribute name. */
  readonly expressionAttributes: Readonly<Record<string, string>>;
  /**
   * Primary key of the table, also for a view: the projection must have each of its attributes. Null leaves that rule
   * out, where the table is not known yet.
   */
  readonly key: TableKey | null;
}

/** Developer Guide, "Constraints": length of an expression, nesting of a document. */
const MAX_EXPRESSION_BYTES = 4096;
const MAX_PATH_STEPS = 32;
const MAX_LIST_INDEX = 2 ** 31 - 1;

interface PlacedPath {
  readonly path: DocumentPath;
  readonly position: number;
}

/**
 * A projection expression by the grammar and rules of DynamoDB, so that what passes here is not refused by a Scan later.
 * A blank expression is none. Throws PROJECTION_INVALID with a marker under the place.
 */
export function parseProjection({ expression, expressionAttributes, key }: ProjectionSource): ParsedProjection | null {
  const names = { defined: placeholderNames(expressionAttributes), used: new Set<string>() };
  const blank = expression.trim() === '';
  checkLength(expression);
  const placed = blank ? [] : readPaths(expression, names);
  checkAllUsed(names);
  if (blank) return null;
  checkApart(expression, placed);
  if (key !== null) checkKey(expression, placed, key);
  return {
    expression,
    attributeNames: Object.fromEntries(names.defined),
    paths: placed.map(({ path }) => path),
  };
}

interface Names {
  readonly defined: ReadonlyMap<string, string>;
  /** Placeholders that were met. */
  readonly used: Set<string>;
}

function readPaths(expression: string, names: Names): readonly PlacedPath[] {
  const tokens = readTokens(expression)[Symbol.iterator]();
  const end: Token = { kind: 'end', text: '', position: expression.length };
  let current = end;
  const advance = (): Token => {
    current = tokens.next().value ?? end;
    return current;
  };
  const placed: PlacedPath[] = [];
  do {
    const first = advance();
    const path: [{ readonly attribute: string }, ...PathStep[]] = [{ attribute: readName(expression, first, names) }];
    advance();
    while (current.kind === '.' || current.kind === '[') {
      if (path.length === MAX_PATH_STEPS) {
        throw projectionError(expression, current.position, {
          message: `the path is deeper than ${MAX_PATH_STEPS} levels`,
          hint: 'DynamoDB documents are at most 32 levels deep: shorten the path',
        });
      }
      if (current.kind === '.') {
        path.push({ attribute: readName(expression, advance(), names) });
      } else {
        path.push({ index: readIndex(expression, advance()) });
        if (advance().kind !== ']') throw unexpected(expression, current, 'a closing ]');
      }
      advance();
    }
    placed.push({ path, position: first.position });
  } while (current.kind === ',');
  if (current.kind !== 'end') throw unexpected(expression, current, 'a comma');
  return placed;
}

function readName(expression: string, token: Token, { defined, used }: Names): string {
  if (token.kind === 'placeholder') {
    const name = defined.get(token.text);
    if (name === undefined) {
      throw projectionError(expression, token.position, {
        message: `the placeholder ${token.text} is not defined`,
        hint: `Define it: ${definition(token.text, 'attribute-name')}`,
      });
    }
    used.add(token.text);
    return name;
  }
  if (token.kind !== 'name') throw unexpected(expression, token, 'an attribute name');
  if (isReservedWord(token.text)) {
    throw projectionError(expression, token.position, {
      message: `"${token.text}" is a reserved word of DynamoDB`,
      hint: `Write #${token.text} instead and define it: ${definition(`#${token.text}`, token.text)}`,
    });
  }
  return token.text;
}

function readIndex(expression: string, token: Token): number {
  if (token.kind !== 'index') throw unexpected(expression, token, 'a list index such as 0');
  const index = Number(token.text);
  if (index > MAX_LIST_INDEX) {
    throw projectionError(expression, token.position, {
      message: 'the list index is too large',
      hint: `Use an index up to ${MAX_LIST_INDEX}`,
    });
  }
  return index;
}

function unexpected(expression: string, token: Token, wanted: string): Error {
  const found = token.kind === 'end' ? 'the end' : `"${token.text}"`;
  return projectionError(expression, token.position, {
    message: `expected ${wanted}, found ${found}`,
    hint: 'Write attribute paths with commas between them, for example id, address.city, tags[0], #name',
  });
}

function checkLength(expression: string): void {
  const bytes = Buffer.byteLength(expression);
  if (bytes <= MAX_EXPRESSION_BYTES) return;
  throw new TributaryError(
    'PROJECTION_INVALID',
    `The projection has ${bytes} bytes; DynamoDB takes at most ${MAX_EXPRESSION_BYTES}`,
    { hint: 'Name maps as a whole, or use short placeholders for long names' },
  );
}

function checkAllUsed({ defined, used }: Names): void {
  const unused = [...defined.keys()].filter((placeholder) => !used.has(placeholder));
  if (unused.length === 0) return;
  throw new TributaryError(
    'PROJECTION_INVALID',
    `The projection does not use ${unused.join(', ')} of the expression attributes`,
    { hint: 'Remove what is not used; DynamoDB refuses it' },
  );
}

function checkApart(expression: string, placed: readonly PlacedPath[]): void {
  for (const [rank, later] of placed.entries()) {
    const earlier = placed.slice(0, rank).find(({ path }) => relationOf(path, later.path) !== 'apart');
    if (earlier === undefined) continue;
    const overlap = relationOf(earlier.path, later.path) === 'overlap';
    throw projectionError(expression, later.position, {
      message: overlap
        ? `the path overlaps with that at character ${earlier.position + 1}`
        : `the path takes a list where that at character ${earlier.position + 1} takes a map, or the other way round`,
      hint: 'Keep one of the two paths',
    });
  }
}

function checkKey(expression: string, placed: readonly PlacedPath[], key: TableKey): void {
  for (const { name } of key) {
    const found = placed.find(({ path }) => path[0].attribute === name);
    if (found === undefined) {
      const written = /^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !isReservedWord(name);
      throw projectionError(expression, expression.length, {
        message: `the key attribute ${JSON.stringify(name)} is missing`,
        hint: written
          ? `Add ${name} to the projection: rows are told apart by it`
          : `Add a placeholder such as #key and define it: ${definition('#key', name)}`,
      });
    }
    if (found.path.length > 1) {
      throw projectionError(expression, found.position, {
        message: `the key attribute ${JSON.stringify(name)} has no inner parts`,
        hint: 'Name the key attribute alone, without . and [ ]',
      });
    }
  }
}
