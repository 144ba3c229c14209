import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDuplicates, linesWithout } from './duplicates.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-duplicates-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Row {
  readonly key: string;
  readonly n: string;
  readonly second: number;
}

it('leaves of each key the line that was read last, then the one furthest back', async () => {
  const row = fc.record({
    key: fc.constantFrom('a', 'b', 'é"\\'),
    // The same number in two spellings, and two that one double would hold.
    n: fc.constantFrom('1', '1.0', '12345678901234567891', '12345678901234567892'),
    second: fc.integer({ min: 0, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(row, { maxLength: 6 }), { maxLength: 4 }), async (files) => {
      const parts = await Promise.all(
        files.map(async (rows, index) => {
          const text = rows.map((each, line) => `${lineOf(each, index, line)}\n`).join('');
          await writeFile(join(folder, `${index}.jsonl`), text);
          return { file: `${index}.jsonl`, rows: rows.length, bytes: text.length };
        }),
      );
      const losers = await findDuplicates(folder, parts, ['key', 'n']);
      const left: string[] = [];
      for (const { file } of parts) {
        for await (const piece of linesWithout(join(folder, file), losers.get(file) ?? new Set()))
          left.push(piece.toString());
      }
      expect(left.join('')).toBe(winnersOf(files));
    }),
    { numRuns: 60 },
  );
});

function lineOf({ key, n, second }: Row, file: number, line: number): string {
  const at = `2030-01-01T00:00:0${second}.000Z`;
  return `{"at":"${file}/${line}","n":${n},"key":${JSON.stringify(key)},"_sdc_extracted_at":"${at}"}`;
}

function winnersOf(files: readonly (readonly Row[])[]): string {
  const all = files.flatMap((rows, file) => rows.map((row, line) => ({ row, text: lineOf(row, file, line) })));
  const winners = all.filter(
    ({ row }, index) =>
      !all.some(
        (other, rival) =>
          other.row.key === row.key &&
          other.row.n.replace('.0', '') === row.n.replace('.0', '') &&
          (other.row.second > row.second || (other.row.second === row.second && rival > index)),
      ),
  );
  return winners.map(({ text }) => `${text}\n`).join('');
}
