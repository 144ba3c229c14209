import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fetchSingerParts, installedSingerParts } from './singer-parts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-cache-'));
  vi.stubEnv('TRIBUTARY_TEST_CACHE', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('names the parts that are missing and the command that fetches them', () => {
  expect(() => installedSingerParts()).toThrow(
    /tap, jsonl, postgres, duckdb is missing in .*singer-[0-9a-f]{12}.*scripts\/fetch-singer-parts\.ts/,
  );
});

it('names the package to install where there is no Python that can run them', async () => {
  vi.stubEnv('TRIBUTARY_TEST_PYTHON', '/nowhere/python3');
  await expect(fetchSingerParts()).rejects.toThrow(
    /\/nowhere\/python3 cannot make virtual environments or is missing.*apt-get install python3 python3-venv/,
  );
});
