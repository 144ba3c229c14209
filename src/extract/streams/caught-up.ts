/** An answer without records: when it was asked for. */
export interface EmptyAnswer {
  readonly askedAwsMs: number;
  /** By our clock: it measures how far answers are apart. */
  readonly askedMs: number;
}

/** GetRecords may answer without records although there are some further on: only several answers in a row count. */
const EMPTY_ANSWERS = 5;
const EMPTY_FOR_MS = 2_000;
/** More than the schedule asks for in that time: answers that come faster are thinned out. */
const MOST_KEPT = 16;

/**
 * Adds an empty answer to those right before it, and forgets the ones that are no longer needed. Answers the AWS time
 * through which the shard is caught up by them: that before the first of them was asked for; null while it is not. Begins
 * anew when our clock was set back, because then nothing says how far they are apart.
 */
export function caughtUpBy(answers: EmptyAnswer[], answer: EmptyAnswer): number | null {
  const last = answers.at(-1);
  if (last !== undefined && answer.askedMs < last.askedMs) answers.length = 0;
  // All of them were empty, so those that are left prove no less.
  else if (answers.length === MOST_KEPT) answers.pop();
  answers.push(answer);
  const isProof = (first: EmptyAnswer | undefined, count: number): boolean =>
    first !== undefined && count >= EMPTY_ANSWERS && answer.askedMs - first.askedMs >= EMPTY_FOR_MS;
  while (isProof(answers[1], answers.length - 1)) answers.shift();
  const [first] = answers;
  return first !== undefined && isProof(first, answers.length) ? first.askedAwsMs : null;
}
