import { describe, expect, test } from 'vitest';
import { caughtUpBy, type EmptyAnswer } from './caught-up.ts';

/** What each of the empty answers at these times proves; AWS's clock is a day ahead of ours. */
const DAY_MS = 86_400_000;
function proofs(times: readonly number[]): readonly (number | null)[] {
  const answers: EmptyAnswer[] = [];
  return times.map((askedMs) => {
    const proof = caughtUpBy(answers, { askedMs, askedAwsMs: askedMs + DAY_MS });
    return proof === null ? null : proof - DAY_MS;
  });
}

describe('empty answers', () => {
  test('prove nothing before there are five of them over two seconds', () => {
    expect(proofs([0, 1_000, 2_000, 3_000])).toEqual([null, null, null, null]);
    expect(proofs([0, 10, 20, 30, 40, 50, 60])).toEqual(Array(7).fill(null));
  });

  test('prove what was true before the first of them was asked for', () => {
    expect(proofs([0, 500, 1_000, 1_500, 2_000])).toEqual([null, null, null, null, 0]);
    expect(proofs([0, 250, 500, 1_000, 1_500, 2_000])).toEqual([null, null, null, null, null, 0]);
  });

  test('prove more and more as they go on', () => {
    expect(proofs([0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000]).slice(4)).toEqual([0, 5_000, 10_000]);
  });

  test('are forgotten when they are not needed', () => {
    const answers: EmptyAnswer[] = [];
    for (let askedMs = 0; askedMs < 100_000; askedMs += 250) caughtUpBy(answers, { askedMs, askedAwsMs: askedMs });
    expect(answers.length).toBeLessThan(12);
  });

  test('are few also when they come fast, and prove as much as those that are kept', () => {
    const answers: EmptyAnswer[] = [];
    const proved: (number | null)[] = [];
    for (let askedMs = 0; askedMs < 10_000; askedMs += 5) {
      proved.push(caughtUpBy(answers, { askedMs, askedAwsMs: askedMs }));
      expect(answers.length).toBeLessThanOrEqual(16);
    }
    expect(proved[399]).toBeNull();
    expect(proved[400]).toBe(0);
    expect(proved.at(-1)).toBeGreaterThan(4_000);
    expect(proved.at(-1)).toBeLessThan(8_000);
  });

  test('begin anew when our clock is set back: what they are apart is not known', () => {
    const before = [100_000, 100_500, 101_000, 101_500, 102_000];
    expect(proofs([...before, 40_000, 40_500, 41_000, 41_500, 42_000])).toEqual([
      ...[null, null, null, null, 100_000],
      ...[null, null, null, null, 40_000],
    ]);
  });
});
