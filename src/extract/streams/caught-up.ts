/** An answer without records: when it was asked for. */
export interface EmptyAnswer {
  readonly askedAwsMs: number;
  /** By our clock: it measures how far answers are apart. */
  readonly askedMs: number;
}

/** GetRecords may answer without records although there are some further on: only several answers in a row count. */
const EMPTY_ANSWERS = 5;
const EMPTY_FOR_MS = 2_000;

/**
 * Adds an empty answer to those right before it, and forgets the ones that are no longer needed. Answers the AWS time
 * through which the shard is caught up by them: that before the first of them was asked for; null while it is not.
 */
export function caughtUpBy(answers: EmptyAnswer[], answer: EmptyAnswer): number | null {
  answers.push(answer);
  const isProof = (first: EmptyAnswer | undefined, count: number): boolean =>
    first !== undefined && count >= EMPTY_ANSWERS && answer.askedMs - first.askedMs >= EMPTY_FOR_MS;
  while (isProof(answers[1], answers.length - 1)) answers.shift();
  const [first] = answers;
  return first !== undefined && isProof(first, answers.length) ? first.askedAwsMs : null;
}
