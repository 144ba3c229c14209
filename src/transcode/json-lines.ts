import type { TapePage } from '../model/tape.ts';
import { type JsonOutput, writeMembers } from './json-text.ts';

/** The items of a page as JSON Lines: one item a line in canonical JSON (see `jsonTextOf`), each line ended by `\n`. */
export function jsonLinesOf(page: TapePage): Buffer {
  // Plain JSON is shorter than DynamoDB JSON; only items without attributes gain a byte, from `{},` to `{}` and a line end.
  const out: JsonOutput = { bytes: Buffer.allocUnsafeSlow(page.body.length + page.rowCount) };
  let w = 0;
  for (let row = 0; row < page.rowCount; row++) {
    w = writeMembers(page, page.rowStarts[row] as number, page.rowStarts[row + 1] as number, out, w);
    out.bytes[w++] = LINE_END;
  }
  return out.bytes.subarray(0, w);
}

const LINE_END = 0x0a;
