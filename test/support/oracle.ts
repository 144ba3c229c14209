/**
 * The slow, obviously correct converter that the transcoder is judged by. It shares no code with src/transcode. It takes
 * items as DynamoDB JSON: plain objects (of JSON.parse, or of the AWS SDK with bytes in B), or `Members`, which keep the
 * order and the repetitions of names that an object cannot keep.
 */

export type OracleItem = Readonly<Record<string, unknown>> | Members;

export class Members {
  readonly entries: readonly (readonly [string, unknown])[];

  constructor(entries: readonly (readonly [string, unknown])[]) {
    this.entries = entries;
  }
}

/** One line of JSON for an item: members in their order, numbers as they came, sets sorted. Without a line end. */
export function canonicalLine(item: OracleItem): string {
  return `{${membersOf(item)
    .map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`)
    .join(',')}}`;
}

/** What a text column holds for a value; null for NULL. */
export function canonicalText(value: unknown): string | null {
  const [type, content] = typed(value);
  if (type === 'NULL') return null;
  if (type === 'S') return text(content);
  if (type === 'N') return plainDecimal(text(content));
  if (type === 'B') return base64(content);
  if (type === 'BOOL') return String(content);
  return jsonText(value);
}

/** Canonical JSON text of one value. */
export function jsonText(value: unknown): string {
  const [type, content] = typed(value);
  switch (type) {
    case 'S':
      return JSON.stringify(content);
    case 'N':
      return jsonNumber(text(content));
    case 'B':
      return JSON.stringify(base64(content));
    case 'BOOL':
      return String(content);
    case 'NULL':
      return 'null';
    case 'M':
      return canonicalLine(content as OracleItem);
    case 'L':
      return `[${list(content).map(jsonText).join(',')}]`;
    case 'SS':
      return `[${list(content).map(text).sort(byCodePoint).map(jsonString).join(',')}]`;
    case 'BS':
      return `[${list(content).map(base64).sort(byCodePoint).map(jsonString).join(',')}]`;
    case 'NS':
      return `[${list(content).map(text).sort(byNumber).map(jsonNumber).join(',')}]`;
    default:
      throw new Error(`no such type: ${type}`);
  }
}

/** The plain decimal form of an N text, by integer arithmetic. */
export function plainDecimal(number: string): string {
  const { unscaled, scale } = exactNumber(number);
  if (scale === 0) return unscaled.toString();
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** value = unscaled / 10^scale, with the smallest scale >= 0. */
export function exactNumber(number: string): { unscaled: bigint; scale: number } {
  const match = /^([+-]?)(?=\.?\d)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,6}))?$/.exec(number);
  if (match === null) throw new Error('not a DynamoDB number');
  const fraction = match[3] ?? '';
  let unscaled = BigInt(`${match[2] ?? ''}${fraction}`);
  let scale = fraction.length - Number(match[4] ?? 0);
  if (scale < -1000 || scale > 1000) {
    if (unscaled !== 0n) throw new Error('out of range');
    scale = 0;
  }
  if (scale < 0) {
    unscaled *= 10n ** BigInt(-scale);
    scale = 0;
  }
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale--;
  }
  return { unscaled: match[1] === '-' ? -unscaled : unscaled, scale };
}

/** Whether DynamoDB can hold the number: 38 significant digits, magnitude 1E-130 to 9.99…E+125, or zero. */
function isDynamoDbNumber(number: string): boolean {
  try {
    const { unscaled, scale } = exactNumber(number);
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
    const magnitude = digits.length - 1 - scale;
    return unscaled === 0n || (digits.replace(/0+$/, '').length <= 38 && magnitude >= -130 && magnitude <= 125);
  } catch {
    return false;
  }
}

/** Parses JSON and keeps order and repetition of names. */
export function parseKeepingOrder(json: string): unknown {
  JSON.parse(json);
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let next = 0;
  const value = (): unknown => {
    const token = tokens[next++] ?? '';
    if (token === '{') return new Members(sequence('}', member));
    return token === '[' ? sequence(']', value) : JSON.parse(token);
  };
  const member = (): readonly [string, unknown] => {
    const name: string = JSON.parse(tokens[next] ?? '');
    next += 2;
    return [name, value()];
  };
  const sequence = <T>(close: string, element: () => T): T[] => {
    const elements: T[] = [];
    while (tokens[next] !== close) {
      elements.push(element());
      if (tokens[next] === ',') next++;
    }
    next++;
    return elements;
  };
  return value();
}

/** The members of an item or map, or of the object that JSON text was. */
export function membersOf(item: unknown): readonly (readonly [string, unknown])[] {
  if (item instanceof Members) return item.entries;
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Error('not an object');
  return Object.entries(item);
}

/** The one type of a value and its content; throws for what is not a DynamoDB value. */
export function typed(value: unknown): readonly [string, unknown] {
  const members = membersOf(value).filter(([, content]) => content !== undefined);
  const [only] = members;
  if (only === undefined || members.length !== 1) throw new Error('not exactly one type');
  return only;
}

/** Throws unless the item is one that DynamoDB could have answered with. */
export function assertItem(item: unknown): void {
  const members = membersOf(item);
  if (new Set(members.map(([name]) => name)).size !== members.length) throw new Error('an attribute twice');
  for (const [, value] of members) assertValue(value, 0);
}

function assertValue(value: unknown, depth: number): void {
  const [type, content] = typed(value);
  const isBase64 = (x: unknown): boolean => Buffer.from(text(x), 'base64').toString('base64') === x;
  const isString = (x: unknown): boolean => typeof x === 'string';
  const isNumber = (x: unknown): boolean => isString(x) && text(x).length <= 512 && isDynamoDbNumber(text(x));
  const checks: Record<string, () => boolean> = {
    S: () => isString(content),
    N: () => isNumber(content),
    B: () => isBase64(content),
    BOOL: () => typeof content === 'boolean',
    NULL: () => content === true,
    SS: () => list(content).every(isString),
    NS: () => list(content).every(isNumber),
    BS: () => list(content).every(isBase64),
    M: () => depth < 64 && membersOf(content).every(([, inner]) => assertValue(inner, depth + 1) === undefined),
    L: () => depth < 64 && list(content).every((inner) => assertValue(inner, depth + 1) === undefined),
  };
  if (!Object.hasOwn(checks, type) || checks[type]?.() !== true) throw new Error(`not a DynamoDB ${type}`);
}

function jsonNumber(number: string): string {
  return /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(number) ? number : plainDecimal(number);
}

function jsonString(content: string): string {
  return JSON.stringify(content);
}

function byNumber(a: string, b: string): number {
  const [left, right] = [exactNumber(a), exactNumber(b)];
  const difference = left.unscaled * 10n ** BigInt(right.scale) - right.unscaled * 10n ** BigInt(left.scale);
  if (difference === 0n) return byCodePoint(a, b);
  return difference < 0n ? -1 : 1;
}

function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)].map((points) =>
    points.map((point) => point.codePointAt(0) ?? 0),
  );
  for (let i = 0; ; i++) {
    const [x, y] = [left?.[i], right?.[i]];
    if (x === undefined || y === undefined) return (x === undefined ? 0 : 1) - (y === undefined ? 0 : 1);
    if (x !== y) return x - y;
  }
}

function text(content: unknown): string {
  if (typeof content !== 'string') throw new Error('not a string');
  return content;
}

function list(content: unknown): readonly unknown[] {
  // The older document client answers with Set objects.
  if (content instanceof Set) return [...content];
  if (!Array.isArray(content)) throw new Error('not a list');
  return content;
}

function base64(content: unknown): string {
  return content instanceof Uint8Array ? Buffer.from(content).toString('base64') : text(content);
}
