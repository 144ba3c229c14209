/**
 * JSON read without loss: numbers stay text, objects keep their members in order. Obviously correct rather than fast; it
 * shares nothing with transcode/.
 */
export type ExactJson =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'literal'; readonly text: 'true' | 'false' | 'null' }
  | { readonly kind: 'array'; readonly items: readonly ExactJson[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, ExactJson])[] };

const STRING = /"(?:[^"\\]|\\.)*"/suy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/** Throws on anything that is not one JSON value. */
export function parseExactJson(text: string): ExactJson {
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  const take = (character: string): boolean => {
    match(SPACE);
    if (text[at] !== character) return false;
    at += 1;
    match(SPACE);
    return true;
  };
  const fail = (): never => {
    throw new SyntaxError(`Not JSON at ${at}: ${text.slice(Math.max(0, at - 20), at + 20)}`);
  };
  const string = (): string => String(JSON.parse(match(STRING) ?? fail()));
  const list = <Item>(close: string, item: () => Item): Item[] => {
    const items: Item[] = [];
    if (take(close)) return items;
    do items.push(item());
    while (take(','));
    if (!take(close)) fail();
    return items;
  };
  const value = (): ExactJson => {
    if (text[at] === '"') return { kind: 'string', text: string() };
    if (take('[')) return { kind: 'array', items: list(']', value) };
    if (take('{')) return { kind: 'object', members: list('}', member) };
    const literal = match(LITERAL);
    if (literal === 'true' || literal === 'false' || literal === 'null') return { kind: 'literal', text: literal };
    return { kind: 'number', text: match(NUMBER) || fail() };
  };
  const member = (): readonly [string, ExactJson] => {
    const name = string();
    if (!take(':')) fail();
    return [name, value()];
  };
  match(SPACE);
  const parsed = value();
  match(SPACE);
  return at === text.length ? parsed : fail();
}

/** One text for equal values: members by name, numbers as plain decimals, no white space. Throws on a repeated member. */
export function canonicalJson(json: ExactJson): string {
  switch (json.kind) {
    case 'string':
      return JSON.stringify(json.text);
    case 'number':
      return plainDecimal(json.text);
    case 'literal':
      return json.text;
    case 'array':
      return `[${json.items.map(canonicalJson).join(',')}]`;
    case 'object': {
      const members = [...json.members].sort(([a], [b]) => (a < b ? -1 : 1));
      if (new Set(members.map(([name]) => name)).size < members.length) throw new SyntaxError('A member comes twice');
      return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
    }
  }
}

/** Decimal text without exponent and without superfluous zeros; throws on what is not a number. */
export function plainDecimal(text: string): string {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null || `${match[2]}${match[3]}` === '') throw new SyntaxError(`Not a number: ${text}`);
  const [, sign, integer = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  const digits = '0'.repeat(Math.max(0, -shift)) + integer + fraction + '0'.repeat(Math.max(0, shift));
  const point = Math.max(0, -shift) + integer.length + shift;
  const left = digits.slice(0, point).replace(/^0+/, '') || '0';
  const right = digits.slice(point).replace(/0+$/, '');
  const magnitude = right === '' ? left : `${left}.${right}`;
  return sign === '-' && magnitude !== '0' ? `-${magnitude}` : magnitude;
}
