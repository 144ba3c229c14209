/** Far enough back that a rate stands still for the eye, near enough that it is the rate of now. */
const WINDOW_MS = 10_000;

interface Sample {
  readonly count: number;
  readonly atMs: number;
}

/** Takes counts as they grow and answers with how many came a second, over the last ten seconds or so. */
export function createRateMeter(first: Sample): (sample: Sample) => number {
  let samples: readonly Sample[] = [first];
  return (sample) => {
    const recent = samples.findLastIndex(({ atMs }) => sample.atMs - atMs >= WINDOW_MS);
    samples = [...samples.slice(Math.max(0, recent)), sample];
    const oldest = samples[0] ?? sample;
    const elapsedMs = sample.atMs - oldest.atMs;
    return elapsedMs > 0 ? ((sample.count - oldest.count) * 1000) / elapsedMs : 0;
  };
}
