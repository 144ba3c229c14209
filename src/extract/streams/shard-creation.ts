/** Times in shard ids are not documented: one that lies elsewhere than in the last two days is not taken for a time. */
const PLAUSIBLE_AGE_MS = 48 * 3_600_000;
/** How far such a time may be wrong, and those of records with it: much, where retention is counted in hours. */
const TOLERANCE_MS = 10 * 60_000;

/** When the shard was made, by AWS's clock; null when unknown. `shardId-<20 digits: milliseconds>-<hash>` on AWS. */
export function shardCreationMs(shardId: string, awsNowMs: number): number | null {
  const ms = Number(/^shardId-(\d{20})-/.exec(shardId)?.[1] ?? Number.NaN);
  const ageMs = awsNowMs - ms;
  return ageMs >= 0 && ageMs <= PLAUSIBLE_AGE_MS ? ms : null;
}

/**
 * What a shard is verified through when its parent has been read to its end: what the parent is, or the time when the
 * shard was made, if that is later. A table that is quiet for days has no records to tell; without this its shards would
 * look older than the retention as soon as only closed ones are read.
 */
export function verifiedAtBeginning(
  { shardId, firstListedAtMs }: { readonly shardId: string; readonly firstListedAtMs: number },
  parentVerifiedThroughMs: number,
): number {
  const madeAtMs = shardCreationMs(shardId, firstListedAtMs);
  return madeAtMs === null ? parentVerifiedThroughMs : Math.max(parentVerifiedThroughMs, madeAtMs - TOLERANCE_MS);
}
