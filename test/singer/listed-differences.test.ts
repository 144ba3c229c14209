import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LISTED_DIFFERENCES } from './listed-differences.ts';

test('every listed difference from the Python tap has one test that proves it', () => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.singer.test.ts'));
  const tests = files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('\n');
  const proven = [...tests.matchAll(/test\(difference\('([^']+)'\)/g)].map(([, name]) => name);
  expect(proven.sort()).toEqual(Object.keys(LISTED_DIFFERENCES).sort());
});
