/** An exact decimal: ±`digits` × 10^`exponent`. `digits` has no zeros at either end and is empty for zero. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const DYNAMODB_NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The value of an N text, or null where DynamoDB would refuse the text. Limits of size are `fitsDynamoDb`. */
export function parseDecimal(text: string): Decimal | null {
  const match = DYNAMODB_NUMBER.exec(text);
  if (match === null) return null;
  const [, sign, integer = '', fraction = '', exponent = '0'] = match;
  const all = integer + fraction;
  if (all === '') return null;
  let first = 0;
  while (first < all.length && all[first] === '0') first++;
  let end = all.length;
  while (end > first && all[end - 1] === '0') end--;
  if (first === end) return { negative: false, digits: '', exponent: 0 };
  return {
    negative: sign === '-',
    digits: all.slice(first, end),
    exponent: Number(exponent) - fraction.length + all.length - end,
  };
}

/** At most 38 significant digits, magnitude 1E-130 to 9.9…E+125 (DynamoDB Developer Guide, "Data types: Number"). */
export function fitsDynamoDb({ digits, exponent }: Decimal): boolean {
  if (digits === '') return true;
  const magnitude = digits.length + exponent - 1;
  return digits.length <= 38 && magnitude >= -130 && magnitude <= 125;
}

/** The canonical plain form: no exponent, no plus, no zeros that carry nothing, `0` for every zero. */
export function plainText({ negative, digits, exponent }: Decimal): string {
  if (digits === '') return '0';
  const sign = negative ? '-' : '';
  if (exponent >= 0) return sign + digits + '0'.repeat(exponent);
  const point = digits.length + exponent;
  if (point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  return `${sign}0.${'0'.repeat(-point)}${digits}`;
}

/** The N text as a JSON number: itself where JSON allows it, else its plain form (JSON has no `+1`, `007`, `.5`, `5.`). */
export function jsonNumberText(text: string): string {
  if (JSON_NUMBER.test(text)) return text;
  const decimal = parseDecimal(text);
  return decimal === null ? text : plainText(decimal);
}

/** Numeric order, exact. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const signOfA = signOf(a);
  const signOfB = signOf(b);
  if (signOfA !== signOfB) return signOfA - signOfB;
  if (signOfA === 0) return 0;
  const magnitude = a.digits.length + a.exponent - b.digits.length - b.exponent;
  if (magnitude !== 0) return signOfA * magnitude;
  // Digits without zeros at the end are fractions 0.d1d2…, so text order is numeric order.
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -signOfA : signOfA;
}

/** Whether the value survives a trip through an IEEE double and its shortest decimal text. */
export function isDoubleExact(decimal: Decimal): boolean {
  if (decimal.digits.length <= 15) return true;
  const back = parseDecimal(String(Number(plainText(decimal))));
  return back !== null && back.digits === decimal.digits && back.exponent === decimal.exponent;
}

function signOf({ negative, digits }: Decimal): number {
  if (digits === '') return 0;
  return negative ? -1 : 1;
}
