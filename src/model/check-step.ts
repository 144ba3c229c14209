/** One step of `tributary check`, yielded when it has ended. */
export interface CheckStep {
  /** What was checked, on what: "Scan orders". */
  readonly name: string;
  readonly status: 'succeeded' | 'warning' | 'failed' | 'skipped';
  /** What was found, in one sentence. */
  readonly message: string;
  /** What to do about it; null when nothing. */
  readonly hint: string | null;
}
