import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repeatedHashes } from './repeated-hashes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-hashes-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('finds what comes twice, whether it fits in memory or not, and leaves no file', async () => {
  const hash = fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  let spilled = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(hash, { maxLength: 60 }), fc.integer({ min: 1, max: 70 }), async (hashes, inMemory) => {
      async function* given() {
        yield* hashes;
        spilled += (await readdir(folder)).length;
      }
      const spillPath = join(folder, 'spill');
      const found = await repeatedHashes(given(), { expected: hashes.length, inMemory, spillPath });
      expect(found).toEqual(new Set(hashes.filter((each, index) => hashes.indexOf(each) < index)));
      expect(await readdir(folder)).toEqual([]);
    }),
    { numRuns: 60 },
  );
  expect(spilled).toBeGreaterThan(0);
});
