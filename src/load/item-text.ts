import { ATTRIBUTE_ID_SHIFT, TAPE_ENTRY_WORDS, type TapePage } from '../model/tape.ts';
import { jsonTextOf } from '../transcode/json-text.ts';
import { nextIndex } from '../transcode/value.ts';

/** One item as canonical JSON, its attributes under the names that `memberOf` gives them. For rare rows: `jsonLinesOf` is fast. */
export function itemText(page: TapePage, row: number, memberOf: (attribute: string) => string): string {
  const members: string[] = [];
  const end = page.rowStarts[row + 1] ?? 0;
  for (let index = page.rowStarts[row] ?? end; index < end; index = nextIndex(page, index + TAPE_ENTRY_WORDS)) {
    const attribute = page.attributes.name((page.tape[index] ?? 0) >>> ATTRIBUTE_ID_SHIFT);
    members.push(`${JSON.stringify(memberOf(attribute))}:${jsonTextOf(page, index + TAPE_ENTRY_WORDS)}`);
  }
  return `{${members.join(',')}}`;
}
