import type { GapKind } from '../../model/gap.ts';
import { isCertainlyHeld } from '../../model/retention.ts';

/** A shard refuses to be read where it stands, since when. */
export interface Refusal {
  /** By our clock. */
  readonly sinceMs: number;
  /** Listings begun until then (ShardTree.mark). */
  readonly mark: number;
}

type Verdict =
  /** Asked again after so long: where it stands, or from the oldest record that there is. */
  | { readonly kind: 'again'; readonly delayMs: number; readonly fromHorizon: boolean }
  /** Nothing is left in it. */
  | { readonly kind: 'finished' }
  | { readonly kind: 'lost'; readonly gap: GapKind };

/** One refusal proves nothing, unless it is for want of age: emulators and endpoints refuse by mistake for a while. */
const ASK_AGAIN_AFTER_MS = 30_000;
/** While a listing is on its way that has to come first. */
const LISTING_DELAY_MS = 1_000;

/**
 * What it means that a shard answers with TrimmedDataAccess, or that there is no such shard. Records are trimmed by age, so
 * nothing that is owed can be gone while the shard was verified through less than 23 hours ago: then it is read from its
 * oldest record on, and if that is refused for half a minute, too, an end says that the shard is empty, and an open shard
 * is lost. That there is no such shard has to be so after a listing of the stream that has succeeded: a stream that is
 * gone, or denied, answers the same.
 */
export function judgeRefusal(facts: {
  readonly code: 'STREAM_TRIMMED' | 'STREAM_NOT_FOUND';
  readonly refusal: Refusal;
  /** Whether this refusal is the first. */
  readonly isFirst: boolean;
  readonly nowMs: number;
  readonly awsNowMs: number;
  readonly verifiedThroughMs: number;
  readonly isClosed: boolean;
  /** Whether a full listing has been begun and has been answered since. */
  readonly isListedSince: boolean;
}): Verdict {
  const isHeld = isCertainlyHeld(facts.verifiedThroughMs, facts.awsNowMs);
  const gap = facts.code === 'STREAM_TRIMMED' ? 'position-trimmed' : 'shard-lost';
  if (!isHeld && facts.code === 'STREAM_TRIMMED') return { kind: 'lost', gap };
  if (facts.isFirst && isHeld) return { kind: 'again', delayMs: 0, fromHorizon: true };
  const waitedMs = facts.nowMs - facts.refusal.sinceMs;
  if (waitedMs < ASK_AGAIN_AFTER_MS) {
    return { kind: 'again', delayMs: ASK_AGAIN_AFTER_MS - Math.max(0, waitedMs), fromHorizon: isHeld };
  }
  if (!facts.isListedSince) return { kind: 'again', delayMs: LISTING_DELAY_MS, fromHorizon: isHeld };
  return isHeld && facts.isClosed ? { kind: 'finished' } : { kind: 'lost', gap };
}
