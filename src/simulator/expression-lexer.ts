import { validationError } from './service-error.ts';

interface Token {
  readonly kind: 'name' | 'placeholder' | 'value' | 'number' | 'symbol' | 'keyword' | 'end';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Words of the grammar of all expressions: nowhere an attribute name. */
const KEYWORDS: ReadonlySet<string> = new Set(['ADD', 'AND', 'BETWEEN', 'DELETE', 'IN', 'NOT', 'OR', 'REMOVE', 'SET']);
const TOKEN = /\s*(?:([A-Za-z][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|(0|[1-9][0-9]*)|([^\s]))/y;
const MAX_EXPRESSION_BYTES = 4096;

/** Cuts an expression into tokens; the last one is `end`. `what` names the expression in error messages. */
function tokenize(source: string, what: string): readonly Token[] {
  if (source === '') throw expressionError(what, 'The expression can not be empty;');
  if (Buffer.byteLength(source) > MAX_EXPRESSION_BYTES) {
    throw expressionError(what, 'Expression size has exceeded the maximum allowed size;');
  }
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(source); match !== null; match = TOKEN.exec(source)) {
    const [, name, placeholder, value, number, symbol] = match;
    const text = name ?? placeholder ?? value ?? number ?? symbol ?? '';
    const end = match.index + match[0].length;
    tokens.push({ kind: kindOf({ name, placeholder, value, number }), text, start: end - text.length, end });
  }
  tokens.push({ kind: 'end', text: '<EOF>', start: source.length, end: source.length });
  return tokens;
}

function kindOf(
  groups: Readonly<Record<'name' | 'placeholder' | 'value' | 'number', string | undefined>>,
): Token['kind'] {
  if (groups.name !== undefined) return KEYWORDS.has(groups.name.toUpperCase()) ? 'keyword' : 'name';
  if (groups.placeholder !== undefined) return 'placeholder';
  if (groups.value !== undefined) return 'value';
  return groups.number === undefined ? 'symbol' : 'number';
}

/** A cursor over the tokens of one expression. */
export interface TokenReader {
  readonly current: Token;
  /** Returns the current token and moves on. */
  take(): Token;
  /** Takes the current token where it is this symbol. */
  takeSymbol(symbol: string): boolean;
  /** The error for a current token that the grammar does not allow here. */
  unexpected(): Error;
}

export function readTokens(source: string, what: string): TokenReader {
  const tokens = tokenize(source, what);
  let index = 0;
  const at = (position: number): Token | undefined => tokens[Math.min(position, tokens.length - 1)];
  const current = (): Token => at(index) ?? { kind: 'end', text: '<EOF>', start: source.length, end: source.length };
  const take = (): Token => {
    const token = current();
    index++;
    return token;
  };
  return {
    get current() {
      return current();
    },
    take,
    takeSymbol: (symbol) => {
      if (current().text !== symbol) return false;
      take();
      return true;
    },
    unexpected: () => {
      // DynamoDB shows the token with its neighbours, spaces between them kept.
      const near = source.slice(index > 0 ? at(index - 1)?.start : 0, at(index + 1)?.end);
      return expressionError(what, `Syntax error; token: "${current().text}", near: "${near}"`);
    },
  };
}

export function expressionError(what: string, problem: string): Error {
  return validationError(`Invalid ${what}: ${problem}`);
}
