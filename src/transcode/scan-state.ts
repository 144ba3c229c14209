/**
 * What the functions of the scanner hand to each other. One record for all pages: the scan is synchronous, and its
 * arrays, sized for the largest page so far, are worth keeping.
 */
export interface ScanState {
  body: Buffer;
  /** The same bytes, for reading four at once. */
  view: DataView;
  /** The tape so far, `top` words of it. Every entry takes at least three bytes of body, so body.length words suffice. */
  tape: Int32Array;
  top: number;
  /** The type that `scanType` has scanned, as it numbers them. */
  type: number;
  /** Flags of the string or number that was scanned last. */
  flags: number;
  /** Digits left and right of the point of the number that was scanned last, zeros that carry nothing not counted. */
  integerDigits: number;
  scale: number;
}

const NO_BODY = Buffer.alloc(0);

export function createScanState(): ScanState {
  return {
    body: NO_BODY,
    view: viewOf(NO_BODY),
    tape: new Int32Array(0),
    top: 0,
    type: 0,
    flags: 0,
    integerDigits: 0,
    scale: 0,
  };
}

/** Makes `body` the one that is scanned. */
export function setBody(scan: ScanState, body: Buffer): void {
  scan.body = body;
  scan.view = viewOf(body);
}

/** Forgets the body, which may be large. */
export function dropBody(scan: ScanState): void {
  setBody(scan, NO_BODY);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
