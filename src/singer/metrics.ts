/*
 * Metrics as singer-python writes them into its log, at level INFO: readers know them by `METRIC: ` and what follows.
 */

/** RECORDs of a stream since the last such line; singer-python writes one each minute and one at the end. */
export function recordCountMetric(stream: string, records: number): string {
  return metric({ type: 'counter', metric: 'record_count', value: records, tags: { endpoint: stream } });
}

/** How long the job took as a whole. */
export function jobDurationMetric({
  jobType,
  durationMs,
  status,
}: {
  readonly jobType: string;
  readonly durationMs: number;
  readonly status: 'succeeded' | 'failed';
}): string {
  const seconds = durationMs / 1000;
  return metric({ type: 'timer', metric: 'job_duration', value: seconds, tags: { job_type: jobType, status } });
}

interface Point {
  readonly type: 'counter' | 'timer';
  readonly metric: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

function metric(point: Point): string {
  return `METRIC: ${JSON.stringify(point)}`;
}
