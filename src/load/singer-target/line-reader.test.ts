import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineReader } from './line-reader.ts';

const MEGABYTE = 1024 * 1024;

function linesOf(chunks: readonly Buffer[]): readonly string[] {
  const lines: string[] = [];
  const reader = createLineReader((line) => lines.push(line));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return lines;
}

describe('lines of a stream', () => {
  it('are the same wherever its chunks end, in the middle of a character, too', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '𝄞', ' '), maxLength: 6 });
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(line), sizes, (lines, chunkSizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const chunks: Buffer[] = [];
        for (let start = 0; start < bytes.length; start += chunks.at(-1)?.length ?? 0) {
          chunks.push(bytes.subarray(start, start + (chunkSizes[chunks.length % chunkSizes.length] ?? 1)));
        }
        expect(linesOf(chunks)).toEqual(lines);
      }),
    );
  });

  it('end with the stream, too', () => {
    expect(linesOf([Buffer.from('a\nb')])).toEqual(['a', 'b']);
    expect(linesOf([])).toEqual([]);
  });

  it('are cut where they are too long, and the next one is whole', () => {
    const long = Array.from({ length: 40 }, () => Buffer.alloc(MEGABYTE / 16, 'x'));
    const [first, ...others] = linesOf([Buffer.from('{'), ...long, Buffer.from('}\nnext\n'), ...long]);
    expect(first).toBe(`{${'x'.repeat(MEGABYTE - 1)}`);
    expect(others).toEqual(['next', 'x'.repeat(MEGABYTE)]);
  });
});
