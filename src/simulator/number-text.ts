import { validationError } from './service-error.ts';

const MAX_DIGITS = 38;
/** Limits of the decimal exponent of the first digit: 1E-130 .. 9.99…E+125 (Supported data types, Number). */
const MAX_EXPONENT = 125;
const MIN_EXPONENT = -130;

/** Most numbers of most tables; they are canonical already. */
const SHORT_INTEGER = /^(?:0|-?[1-9][0-9]{0,30})$/;

/** A decimal number: 0.<digits> * 10^exponent; digits without leading and trailing zeros, empty for zero. */
interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

/** The text under which DynamoDB returns a number: plain decimal, no exponent, no superfluous zeros, never -0. */
export function canonicalNumber(text: string): string {
  if (SHORT_INTEGER.test(text)) return text;
  const { negative, digits, exponent } = parseDecimal(text);
  if (digits === '') return '0';
  const sign = negative ? '-' : '';
  if (exponent <= 0) return `${sign}0.${'0'.repeat(-exponent)}${digits}`;
  if (exponent >= digits.length) return `${sign}${digits}${'0'.repeat(exponent - digits.length)}`;
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

/** A string that orders as the numbers do when strings are compared by code units. */
export function sortableNumber(text: string): string {
  const { negative, digits, exponent } = parseDecimal(text);
  if (digits === '') return '1';
  const magnitude = `${String(exponent + 500).padStart(3, '0')}${digits}`;
  if (!negative) return `2${magnitude}`;
  // Nines' complement turns the order round; `~` sorts behind every digit, so that a shorter text comes later.
  return `0${magnitude.replace(/\d/g, (digit) => String(9 - Number(digit)))}~`;
}

/**
 * Storage cost of a number: two significant digits a byte, in pairs that begin at the decimal point (as in DynamoDB
 * Local; the guide says "approximately"), one byte for the exponent, one for a minus sign.
 */
export function numberSizeBytes(text: string): number {
  const { negative, digits, exponent } = parseDecimal(text);
  return Math.ceil((digits.length + (exponent & 1)) / 2) + 1 + (negative ? 1 : 0);
}

function parseDecimal(text: string): Decimal {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/.exec(text);
  const [, sign = '', whole = '', fraction = '', power = '0'] = match ?? [];
  if (match === null || whole.length + fraction.length === 0) {
    throw validationError('A value provided cannot be converted into a number');
  }
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '').replace(/0+$/, '');
  if (digits === '') return { negative: false, digits, exponent: 0 };
  const leadingZeros = all.length - all.replace(/^0+/, '').length;
  const exponent = whole.length - leadingZeros + Number(power);
  if (exponent - 1 > MAX_EXPONENT) {
    throw validationError('Number overflow. Attempting to store a number with magnitude larger than supported range');
  }
  if (exponent - 1 < MIN_EXPONENT) {
    throw validationError('Number underflow. Attempting to store a number with magnitude smaller than supported range');
  }
  if (digits.length > MAX_DIGITS) throw validationError('DynamoDB only supports precision up to 38 digits');
  return { negative: sign === '-', digits, exponent };
}
