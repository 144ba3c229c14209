/** Expressions with the verdict of DynamoDB Local over a table whose key is `pk` (string). */
export interface ProjectionCase {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly accepted: boolean;
}

const deep = (levels: number): string => Array.from({ length: levels }, (_, level) => `a${level}`).join('.');
const accepted = (expression: string, names?: Record<string, string>): ProjectionCase =>
  names === undefined ? { expression, accepted: true } : { expression, names, accepted: true };
const refused = (expression: string, names?: Record<string, string>): ProjectionCase => ({
  ...accepted(expression, names),
  accepted: false,
});

export const PROJECTION_CASES: readonly ProjectionCase[] = [
  // Paths
  ...['pk', ' pk , b', 'a.b', 'a . b', 'a[0]', 'a [ 0 ]', 'a[1][2]', 'a[0].b[1].c', 'a_b', 'a_', 'a1.b2', 'A, a'].map(
    (e) => accepted(e),
  ),
  ...['a[2147483647]', 'a\n,\nb', 'a\r\n,b', 'a\t,b', deep(32), `a${'[0]'.repeat(31)}`].map((e) => accepted(e)),
  ...['a'.repeat(300), 'a'.repeat(4096), `a${' '.repeat(4095)}`].map((e) => accepted(e)),
  // Syntax
  ...['a[01]', 'a[2147483648]', 'a[99999999999]', 'a[]', 'a[-1]', 'a[a]', 'a[0', 'a]', 'a[0]]', '[0]', 'a[0]b'].map(
    (e) => refused(e),
  ),
  ...['a,', ',a', 'a,,b', 'a.', '.a', 'a..b', 'a b', 'a\tb', 'a 1', 'a.0', 'a.1b', '1', '0', '1a', '*', 'a.*'].map(
    (e) => refused(e),
  ),
  ...['_id', 'a-b', 'é', 'a.é', 'a;b', 'a/b', 'a@b', 'a$', '😀', 'a\u00a0,b', 'a\u2003,b', 'a\f,b', 'a\v,b', 'a\0'].map(
    (e) => refused(e),
  ),
  ...['a\ufeff', 'a\u0085', '"a"', "'a'", '`a`', 'pk, "a"', deep(33), `a${'[0]'.repeat(32)}`].map((e) => refused(e)),
  ...['a'.repeat(4097), `a${' '.repeat(4096)}`].map((e) => refused(e)),
  // Conditions, functions, values
  ...['a = b', 'a > 1', 'size(a)', 'attribute_exists(a)', '(a)', ':v', 'a:b', 'a AND b', 'NOT a', 'a IN (b)'].map((e) =>
    refused(e),
  ),
  // Overlaps
  ...['a.b, a.c', 'a[0], a[1]', 'a[0].b, a[0].c', 'a[0].b, a[1].b', 'ab, a.b'].map((e) => accepted(e)),
  ...['a, a', 'a, a.b', 'a.b, a', 'a.b.c, a.b', 'a[0], a[0].c', 'a[0], a', 'a[0], a.b', 'a.b[0], a.b.c'].map((e) =>
    refused(e),
  ),
  // Reserved words
  ...['name', 'NAME', 'Name', 'a.name', 'a[0].status', 'set', 'a.set', 'in', 'item', 'items', 'ttl', 'user'].map((e) =>
    refused(e),
  ),
  ...['names1', 'item_name', 'setting', 'ins'].map((e) => accepted(e)),
  // Key attributes are scalars
  ...['pk.a', 'pk[0]', 'a, pk.b'].map((e) => refused(e)),
  // Placeholders
  accepted('#a', { '#a': 'x' }),
  accepted('#a.b', { '#a': 'x' }),
  accepted('#a.#b', { '#a': 'x', '#b': 'name' }),
  accepted('#a.#a', { '#a': 'x' }),
  accepted('#a[0]', { '#a': 'a.b' }),
  accepted('#a', { '#a': 'a.b[0]' }),
  accepted('#1, #_, #_a', { '#1': 'x', '#_': 'y', '#_a': 'z' }),
  accepted('#name, #set', { '#name': 'name', '#set': 'set' }),
  accepted('#a', { '#a': '__proto__' }),
  accepted('#__proto__', { '#__proto__': 'x' }),
  accepted('#a', { '#a': ' ' }),
  accepted('#a', { '#a': '😀' }),
  accepted('#a', { '#a': 'SELECT * FROM "x"' }),
  accepted('#a, a', { '#a': 'A' }),
  accepted(`#${'a'.repeat(254)}`, { [`#${'a'.repeat(254)}`]: 'x' }),
  accepted('#a', { '#a': 'x'.repeat(65_535) }),
  refused(`#${'a'.repeat(255)}`, { [`#${'a'.repeat(255)}`]: 'x' }),
  refused('#a', { '#a': 'x'.repeat(65_536) }),
  refused('#a'),
  refused('#'),
  refused('#a', { '#b': 'x' }),
  refused('#a', { '#A': 'x' }),
  refused('#a', { '#a': 'x', '#b': 'y' }),
  refused('a', { '#a': 'x' }),
  refused('#a, #b', { '#a': 'x', '#b': 'x' }),
  refused('#a, x', { '#a': 'x' }),
  refused('#a.b, #b', { '#a': 'x', '#b': 'x' }),
  refused('#a', { '#a': '' }),
  refused('#a-b', { '#a-b': 'x' }),
  refused('#é', { '#é': 'x' }),
  refused('##a', { '##a': 'x' }),
  refused('#', { '#': 'x' }),
  refused('# a', { '#a': 'x' }),
  refused('#a#b', { '#a': 'x', '#b': 'y' }),
  refused('a[#b]', { '#b': '0' }),
];

/** Where Tributary decides otherwise than DynamoDB Local, on purpose. */
export const DELIBERATE_DIFFERENCES: readonly (ProjectionCase & { readonly why: string })[] = [
  { expression: '', accepted: true, why: 'blank means all attributes; nothing is sent to DynamoDB' },
  { expression: ' \n', accepted: true, why: 'blank means all attributes; nothing is sent to DynamoDB' },
  {
    expression: '#a',
    names: { a: 'x' },
    accepted: true,
    why: 'the # may be left out in the definition, because YAML takes # for a comment; it is sent with it',
  },
  { expression: 'b', accepted: false, why: 'the key attribute is missing: rows could not be told apart' },
  { expression: 'size', accepted: false, why: 'documented as reserved by AWS; DynamoDB Local takes it' },
  { expression: 'convert', accepted: false, why: 'documented as reserved by AWS; DynamoDB Local takes it' },
];
