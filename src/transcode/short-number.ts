import { TapeFlag, type TapePage } from '../model/tape.ts';

/*
 * Numbers of at most 15 characters in plain form, which nearly all are: up to 15 digits and powers of ten up to 1E22 are
 * exact doubles, so they are read with machine arithmetic.
 */
const MAX_CHARACTERS = 15;
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

export function isShortNumber({ tape }: TapePage, index: number): boolean {
  const isPlain = ((tape[index] as number) & TapeFlag.notPlain) === 0;
  return isPlain && (tape[index + 2] as number) - (tape[index + 1] as number) <= MAX_CHARACTERS;
}

/** The nearest double to a short number: IEEE division of two exact doubles rounds correctly. */
export function shortNumberOf(page: TapePage, index: number): number {
  readShort(page, index);
  return shortDigits / (POWERS_OF_TEN[shortScale] as number);
}

/** A short number times 10^`scale` as an exact integer; undefined where that is too large or would lose digits. */
export function scaledShortNumberOf(page: TapePage, index: number, scale: number): number | undefined {
  readShort(page, index);
  if (shortScale > scale || scale - shortScale >= POWERS_OF_TEN.length) return undefined;
  const scaled = shortDigits * (POWERS_OF_TEN[scale - shortScale] as number);
  return Number.isSafeInteger(scaled) ? scaled : undefined;
}

/* Results of `readShort`: an object for every number would cost more than the reading. */
let shortDigits = 0;
let shortScale = 0;

/** Reads digits without their point, and how many were behind it. */
function readShort({ body, tape }: TapePage, index: number): void {
  const start = tape[index + 1] as number;
  const end = tape[index + 2] as number;
  const isNegative = body[start] === MINUS;
  let digits = 0;
  let pointAt = end - 1;
  for (let i = isNegative ? start + 1 : start; i < end; i++) {
    const c = body[i] as number;
    if (c === POINT) pointAt = i;
    else digits = digits * 10 + c - ZERO;
  }
  shortDigits = isNegative ? -digits : digits;
  shortScale = end - 1 - pointAt;
}

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
