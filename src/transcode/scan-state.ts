/**
 * What the functions of the scanner hand to each other. One record for all pages: the scan is synchronous, and its
 * arrays, sized for the largest page so far, are worth keeping.
 */
export interface ScanState {
  body: Buffer;
  /** The tape so far, `top` words of it. Every entry takes at least three bytes of body, so body.length words suffice. */
  tape: Int32Array;
  top: number;
  /** Flags of the string or number that was scanned last. */
  flags: number;
  /** Digits left and right of the point of the number that was scanned last, zeros that carry nothing not counted. */
  integerDigits: number;
  scale: number;
}

export function createScanState(): ScanState {
  return { body: Buffer.alloc(0), tape: new Int32Array(0), top: 0, flags: 0, integerDigits: 0, scale: 0 };
}
