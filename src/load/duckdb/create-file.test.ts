import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWholeFile } from './create-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-create-'));
  path = join(folder, 'warehouse.duckdb');
});
afterEach(() => rm(folder, { recursive: true }));

const write = (text: string) => (at: string) => writeFile(at, text);

it('of several that create the file one succeeds, and none leaves anything beside it', async () => {
  await Promise.all(['a', 'b', 'c'].map((text) => createWholeFile(path, write(text))));
  expect(await readdir(folder)).toEqual(['warehouse.duckdb']);
  expect(['a', 'b', 'c']).toContain(await readFile(path, 'utf8'));
});

it('leaves a file that is there as it is', async () => {
  await writeFile(path, 'theirs');
  await createWholeFile(path, write('ours'));
  expect(await readFile(path, 'utf8')).toBe('theirs');
});

it('leaves nothing when the creation fails half-way', async () => {
  const full = async (at: string): Promise<void> => {
    await writeFile(at, 'half');
    throw new Error('No space left on device');
  };
  await expect(createWholeFile(path, full)).rejects.toThrow('No space left');
  expect(await readdir(folder)).toEqual([]);
});
