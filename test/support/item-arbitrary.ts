import fc from 'fast-check';
import { Members } from './oracle.ts';

/*
 * fast-check arbitraries of everything DynamoDB can hold, and of every way to write it down as JSON. Items are `Members`,
 * so names keep their order and `__proto__` is a name like any other.
 */

const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  'a.b',
  'a b',
  'SELECT',
  '😀',
  '1',
  '',
  'x'.repeat(300),
  'tab\t',
  '"',
  '\\',
];
const digits = (max: number): fc.Arbitrary<string> =>
  fc.stringMatching(/^[0-9]*$/, { size: 'medium' }).map((s) => s.slice(0, max));

/** Texts with every class of character: ASCII, two to four bytes of UTF-8, controls, U+0000, quotes, lone surrogates. */
export const textArbitrary: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map(fromUnits) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom('"', '\\', '/', '\n', '\u0000', 'é', '東', '😀', '\ud83d', '\ude00', 'a'))
      .map(joined),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 60, maxLength: 300 }) },
);

const nameArbitrary: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('pk', 'sk', 'name', 'total', 'tags', 'řádek') },
  { weight: 2, arbitrary: fc.constantFrom(...oddNames) },
  { weight: 1, arbitrary: textArbitrary },
);

/** N texts in every notation that DynamoDB accepts, 38 digits and all magnitudes. */
const numberArbitrary: fc.Arbitrary<string> = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '0.0',
    '+1',
    '007',
    '.5',
    '5.',
    '1E+125',
    '-9.9E125',
    '1E-130',
    '1e5',
    '100',
    '1.50',
    '0.1',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
    '9007199254740993',
    '0.30000000000000004',
  ),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e120, max: 1e120 })
    .map(String)
    .filter((s) => !/e-1[3-9]\d|e-[23]\d\d/.test(s)),
  fc
    .tuple(fc.constantFrom('', '-', '+'), digits(19), digits(19), fc.constantFrom('', 'e5', 'E-20', 'e+40'))
    .map(([sign, integer, fraction, exponent]) => `${sign}${integer || '3'}${fraction && `.${fraction}`}${exponent}`),
);

const base64Arbitrary = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const one = (type: string, content: unknown): Members => new Members([[type, content]]);
const setOf = (type: string, element: fc.Arbitrary<string>): fc.Arbitrary<Members> =>
  fc.uniqueArray(element, { minLength: 1, maxLength: 6 }).map((elements) => one(type, elements));

const scalarArbitrary: fc.Arbitrary<Members> = fc.oneof(
  textArbitrary.map((content) => one('S', content)),
  numberArbitrary.map((content) => one('N', content)),
  base64Arbitrary.map((content) => one('B', content)),
  fc.boolean().map((content) => one('BOOL', content)),
  fc.constant(one('NULL', true)),
  setOf('SS', textArbitrary),
  setOf('NS', numberArbitrary),
  setOf('BS', base64Arbitrary),
);

/** One attribute value, nested up to a few levels; the depth limit has tests of its own. */
export const valueArbitrary: fc.Arbitrary<Members> = fc.letrec<{ value: Members }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 4, arbitrary: scalarArbitrary },
    { weight: 1, arbitrary: membersOfValues(tie('value')).map((content) => one('M', content)) },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }).map((content) => one('L', content)) },
  ),
})).value;

export const itemArbitrary: fc.Arbitrary<Members> = membersOfValues(valueArbitrary);

/** How JSON text is written: which of the notations JSON allows for white space and characters. Same seed, same text. */
export interface JsonStyle {
  readonly spaces: 'none' | 'some';
  readonly escapes: 'least' | 'ascii' | 'slash' | 'mixed';
  readonly seed: number;
}

export const styleArbitrary: fc.Arbitrary<JsonStyle> = fc.record({
  spaces: fc.constantFrom('none', 'some'),
  escapes: fc.constantFrom('least', 'least', 'ascii', 'slash', 'mixed'),
  seed: fc.integer(),
});

/** JSON text of a tree of `Members`, arrays and scalars. The letters of type keys are never escaped: DynamoDB does not. */
export function writeJson(tree: unknown, style: JsonStyle): string {
  let state = style.seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  const space = (): string => (style.spaces === 'none' ? '' : (['', '', ' ', '\n', '\t\r '][random(5)] ?? ''));
  const character = (unit: string): string => {
    const code = unit.charCodeAt(0);
    const least = JSON.stringify(unit).slice(1, -1);
    const wantsEscape =
      (style.escapes === 'ascii' && code > 0x7e) ||
      (style.escapes === 'slash' && unit === '/') ||
      (style.escapes === 'mixed' && random(3) === 0);
    if (!wantsEscape) return isSurrogate(code) ? unit : least;
    if (unit === '/' && random(2) === 0) return '\\/';
    const hex = code.toString(16).padStart(4, '0');
    return `\\u${random(2) === 0 ? hex : hex.toUpperCase()}`;
  };
  const quoted = (text: string): string => {
    // A pair is escaped as a whole or not at all; half a pair can only be written as an escape.
    const points = Array.from(text, (point) =>
      point.length === 2 && style.escapes !== 'ascii' && random(2) === 0
        ? point
        : Array.from({ length: point.length }, (_, i) =>
            isSurrogate(point.charCodeAt(i)) ? `\\u${point.charCodeAt(i).toString(16)}` : character(point[i] ?? ''),
          ).join(''),
    );
    return `"${points.join('')}"`;
  };
  const write = (node: unknown): string => {
    if (node instanceof Members) {
      const members = node.entries.map(
        ([name, value]) =>
          `${space()}${isTypeKey(name) ? `"${name}"` : quoted(name)}${space()}:${space()}${write(value)}${space()}`,
      );
      return `{${members.join(',') || space()}}`;
    }
    if (Array.isArray(node))
      return `[${node.map((element) => space() + write(element) + space()).join(',') || space()}]`;
    return typeof node === 'string' ? quoted(node) : JSON.stringify(node);
  };
  return space() + write(tree) + space();
}

/** A whole Scan answer with its fields in an order that the seed decides. */
export function writePage(items: readonly Members[], style: JsonStyle): string {
  const fields: (readonly [string, unknown])[] = [
    ['Items', items],
    ['Count', items.length],
    ['ScannedCount', items.length + 3],
    [
      'ConsumedCapacity',
      new Members([
        ['TableName', 'orders'],
        ['CapacityUnits', 12.5],
      ]),
    ],
    ['LastEvaluatedKey', new Members([['pk', one('S', 'last')]])],
  ];
  const turn = (style.seed >>> 4) % fields.length;
  return writeJson(new Members([...fields.slice(turn), ...fields.slice(0, turn)]), style);
}

function membersOfValues(value: fc.Arbitrary<Members>): fc.Arbitrary<Members> {
  return fc
    .uniqueArray(fc.tuple(nameArbitrary, value), { maxLength: 8, selector: ([name]) => name })
    .map((entries) => new Members(entries));
}

function isTypeKey(name: string): boolean {
  return /^(S|N|B|M|L|SS|NS|BS|BOOL|NULL)$/.test(name);
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function fromUnits(units: readonly number[]): string {
  return String.fromCharCode(...units);
}

function joined(parts: readonly string[]): string {
  return parts.join('');
}
