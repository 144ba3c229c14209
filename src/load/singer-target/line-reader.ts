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
  // Joined when the line is whole: a long one is copied once, not with each chunk.
  let pieces: string[] = [];
  let chars = 0;
  const keep = (piece: string): void => {
    const kept = piece.slice(0, MAX_LINE_CHARS - chars);
    if (kept === '') return;
    pieces.push(kept);
    chars += kept.length;
  };
  const endLine = (): void => {
    const line = pieces.join('');
    pieces = [];
    chars = 0;
    onLine(line);
  };
  const take = (text: string): void => {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      keep(text.slice(start, end));
      endLine();
      start = end + 1;
    }
    keep(text.slice(start));
  };
  return {
    push: (chunk) => take(decoder.write(chunk)),
    end() {
      take(decoder.end());
      if (chars > 0) endLine();
    },
  };
}
