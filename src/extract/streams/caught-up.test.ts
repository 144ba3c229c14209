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
});
