import type { TapePage } from '../model/tape.ts';
import { recordLines } from './record-lines.ts';

/** The items of a page as JSON Lines: one item a line in canonical JSON (see `jsonTextOf`), each line ended by `\n`. */
export function jsonLinesOf(page: TapePage): Buffer {
  return recordLines(page, { frame: ITEM });
}

const ITEM = { head: Buffer.from('{'), tail: Buffer.from('}\n') };
