import type { TapePage } from '../model/tape.ts';
import { writeMembers } from './json-text.ts';
import { createJsonWriter } from './json-writer.ts';

/** The items of a page as JSON Lines: one item a line in canonical JSON (see `jsonTextOf`), each line ended by `\n`. */
export function jsonLinesOf(page: TapePage): Buffer {
  // A line end for each row: only items without attributes need the room, the others lose more than a byte.
  const writer = createJsonWriter(page, page.rowCount);
  let w = 0;
  for (let row = 0; row < page.rowCount; row++) {
    w = writeMembers(writer, page.rowStarts[row] as number, page.rowStarts[row + 1] as number, w);
    writer.bytes[w++] = LINE_END;
  }
  return writer.bytes.subarray(0, w);
}

const LINE_END = 0x0a;
