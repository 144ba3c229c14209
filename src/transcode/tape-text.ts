import { TapeFlag, type TapePage } from '../model/tape.ts';

/** The unescaped text of an attribute name, S, N or B entry. */
export function entryText(page: TapePage, index: number): string {
  const tag = page.tape[index] as number;
  const start = page.tape[index + 1] as number;
  const end = page.tape[index + 2] as number;
  if ((tag & TapeFlag.escaped) !== 0) return unescapedText(page.body, start, end);
  return page.body.toString((tag & TapeFlag.nonAscii) === 0 ? 'latin1' : 'utf8', start, end);
}

/** The JavaScript string of the bytes between two quotes of JSON; they were scanned and are known to be valid. */
export function unescapedText(body: Buffer, start: number, end: number): string {
  return JSON.parse(body.toString('utf8', start - 1, end + 1)) as string;
}
