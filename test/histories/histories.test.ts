import { expect, test } from 'vitest';
import { runHistory } from './random-history.ts';

/** TRIBUTARY_TEST_HISTORIES names another number; TRIBUTARY_TEST_SEED the first seed, to see a failure again. */
const COUNT = Number(process.env['TRIBUTARY_TEST_HISTORIES'] ?? 60);
const FIRST_SEED = Number(process.env['TRIBUTARY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));

test.each(['merge', 'ordered'] as const)(
  `after random histories a destination that loads by %s equals the source (seeds from ${FIRST_SEED})`,
  async (changes) => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + COUNT; seed++) {
      expect(await runHistory(seed, changes), `seed ${seed}`).toBeNull();
    }
  },
  Math.max(120_000, COUNT * 2_000),
);
