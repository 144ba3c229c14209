import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('makes a folder with those above it, and takes one that is there', async () => {
  const path = join(folder, 'a/b/c');
  makeFolder(path);
  makeFolder(path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test('a file in the way is an error', async () => {
  await writeFile(join(folder, 'file'), '');
  expect(() => makeFolder(join(folder, 'file'))).toThrow('EEXIST');
  expect(() => makeFolder(join(folder, 'file/below'))).toThrow('ENOTDIR');
});

test.runIf(process.platform === 'linux')('ends where the system refuses a folder as if its parent were missing', () => {
  expect(() => makeFolder('/proc/no-such-process/a')).toThrow('ENOENT');
});
