import { expect, test } from 'vitest';
import { runHistory } from './random-history.ts';

/** Histories at once: they spend their time waiting. */
const AT_ONCE = 4;

/** Runs so many histories for each kind of destination. A failure names the seed to see it again: TRIBUTARY_TEST_SEED. */
export function testHistories(count: number): void {
  const firstSeed = Number(process.env['TRIBUTARY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
  test.each(['merge', 'ordered', 'tap'] as const)(
    `after ${count} random histories a destination that loads by %s equals the source (seeds from ${firstSeed})`,
    async (kind) => {
      const seeds = Array.from({ length: count }, (_, index) => firstSeed + index).values();
      const failures: string[] = [];
      const runNext = async (): Promise<void> => {
        for (const seed of seeds) {
          const verdict = await runHistory(seed, kind);
          if (verdict !== null) failures.push(`seed ${seed}: ${verdict}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, runNext));
      expect(failures.join('\n')).toBe('');
    },
    60_000 + count * 2_000,
  );
}
