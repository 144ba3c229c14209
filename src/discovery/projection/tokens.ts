import { definition } from './expression-attributes.ts';
import { projectionError } from './projection-error.ts';

export interface Token {
  readonly kind: 'name' | 'placeholder' | 'index' | ',' | '.' | '[' | ']' | 'end';
  readonly text: string;
  /** Of its first character in the expression. */
  readonly position: number;
}

/** Names begin with a letter; anything else needs a placeholder (Developer Guide, "Expression attribute names"). */
const TOKEN =
  /(?<name>[A-Za-z][A-Za-z0-9_]*)|(?<placeholder>#[A-Za-z0-9_]+)|(?<index>0|[1-9][0-9]*)|(?<symbol>[,.[\]])/y;
const BLANK = /[ \t\r\n]+/y;

/** Cuts a projection expression into tokens, `end` last. Throws PROJECTION_INVALID at the first strange character. */
export function readTokens(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < expression.length) {
    BLANK.lastIndex = position;
    const blank = BLANK.exec(expression);
    if (blank !== null) {
      position += blank[0].length;
      continue;
    }
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(expression);
    if (match === null) throw strangeCharacter(expression, position);
    tokens.push({ kind: kindOf(match), text: match[0], position });
    position += match[0].length;
  }
  tokens.push({ kind: 'end', text: '', position: expression.length });
  return tokens;
}

function kindOf({ groups }: RegExpExecArray): Token['kind'] {
  if (groups?.['name'] !== undefined) return 'name';
  if (groups?.['placeholder'] !== undefined) return 'placeholder';
  if (groups?.['index'] !== undefined) return 'index';
  const symbol = groups?.['symbol'];
  return symbol === ',' || symbol === '.' || symbol === '[' ? symbol : ']';
}

function strangeCharacter(expression: string, position: number): Error {
  const character = String.fromCodePoint(expression.codePointAt(position) ?? 0);
  if ('"\'`'.includes(character)) {
    return projectionError(expression, position, {
      message: 'quotes are not allowed',
      hint: 'Write names without quotes; a name that needs them gets a placeholder such as #name',
    });
  }
  if ('=<>():'.includes(character)) {
    return projectionError(expression, position, {
      message: 'conditions and functions are not allowed',
      hint: 'A projection only lists attributes; leave out rows in the destination',
    });
  }
  return projectionError(expression, position, {
    message: `a name cannot contain ${JSON.stringify(character)}`,
    hint: `Use a placeholder such as #n for the attribute and define it: ${definition('#n', 'attribute-name')}`,
  });
}
