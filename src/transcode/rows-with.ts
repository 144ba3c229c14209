import { ATTRIBUTE_ID_SHIFT, TAPE_ENTRY_WORDS, type TapePage } from '../model/tape.ts';
import { behind } from './json-text.ts';

/** The rows of a page that have an attribute, whatever its value. Walks the tape only where one has. */
export function rowsWith(page: TapePage, name: string): ReadonlySet<number> {
  const rows = new Set<number>();
  const { tape, rowStarts, rowCount, observed, attributes } = page;
  const id = observed.findIndex((observation, index) => observation !== undefined && attributes.name(index) === name);
  if (id < 0) return rows;
  for (let row = 0; row < rowCount; row++) {
    const end = rowStarts[row + 1] as number;
    for (let i = rowStarts[row] as number; i < end; i = behind(page, i + TAPE_ENTRY_WORDS)) {
      if ((tape[i] as number) >>> ATTRIBUTE_ID_SHIFT === id) rows.add(row);
    }
  }
  return rows;
}
