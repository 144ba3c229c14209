import { StringDecoder } from 'node:string_decoder';

/** A target that never ends its line must not fill the memory; a STATE of a thousand streams has a tenth of this. */
const MAX_LINE_CHARS = 1024 * 1024;

/** Cuts what a stream brings into lines. */
export interface LineReader {
  push(chunk: Buffer): void;
  /** What came behind the last line end is a line, too. */
  end(): void;
}

/** Lines come without their end; of longer ones than a megabyte only the beginning. */
export function createLineReader(onLine: (line: string) => void): LineReader {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const line of lines) onLine(line.slice(0, MAX_LINE_CHARS));
  };
  return {
    push: (chunk) => take(decoder.write(chunk)),
    end() {
      take(decoder.end());
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
