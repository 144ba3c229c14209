import type { ListedShard } from '../../connection/stream-calls.ts';
import { TributaryError } from '../../platform/errors.ts';
import { createAlarm } from './alarm.ts';
import { listChildren, listShards, type ShardSource, type StreamListing } from './list-shards.ts';
import type { ListingOutcome, ShardTree } from './shard-tree.ts';

/** Finds shards as they come and go. */
export interface ShardDiscovery {
  /** A shard has ended: its children are looked for. */
  childrenWanted(): void;
  /** A full listing is needed that begins now or later. */
  listingWanted(): void;
  /** A full listing is needed that begins when AWS's clock certainly shows this time, or later. */
  listingWantedAt(awsMs: number): void;
  /** Lists until the signal aborts, then rejects with its reason; or rejects with what no waiting helps against. */
  run(signal: AbortSignal): Promise<never>;
}

const LISTING_INTERVAL_MS = 60_000;
/** While something has to be confirmed by a second listing; the tree counts how far they are apart itself. */
const CONFIRMING_INTERVAL_MS = 10_000;
const GONE_AFTER_MS = 30_000;
const CHILD_SEARCH = { firstMs: 1_000, maxMs: 10_000 };

/**
 * Lists all shards at the start, every minute, more often while something is to be confirmed, and when a listing is wanted. Children of shards that have ended are looked
 * for at once and then after 1 to 10 seconds, until they are found or the tree awaits none: one by one, or by a full
 * listing where that takes no more calls. A stream that is said not to exist is asked for again half a minute later before
 * `onStreamGone` is called.
 */
export function createShardDiscovery(
  options: ShardSource & {
    readonly tree: ShardTree;
    readonly onOutcome: (outcome: ListingOutcome) => void;
    /** After `onOutcome`, with what the listing says of the stream itself. It was begun after `begunAtMs` (AWS's clock). */
    readonly onListing: (listing: StreamListing, begunAtMs: number) => void;
    /** Whether the latest listing lacks what another one has to show. */
    readonly isIncomplete: () => boolean;
    readonly onStreamGone: () => void;
  },
): ShardDiscovery {
  const { tree, clock, awsTime, log } = options;
  const alarm = createAlarm(clock);
  const searches = new Map<string, { attempts: number; dueMs: number }>();
  let pageCount = 1;
  let listedAtMs = Number.NEGATIVE_INFINITY;
  let begunAtMs = Number.NEGATIVE_INFINITY;
  let wantedAtMs = Number.NEGATIVE_INFINITY;
  let isListingWanted = true;
  let goneSinceMs: number | null = null;

  const nextListingMs = (): number => {
    if (goneSinceMs !== null) return goneSinceMs + GONE_AFTER_MS;
    if (isListingWanted) return Number.NEGATIVE_INFINITY;
    const isConfirming = tree.searched.size > 0 || tree.orphanCount() > 0 || options.isIncomplete();
    const wantedInMs = begunAtMs < wantedAtMs ? Math.max(0, wantedAtMs - awsTime.now()) : Number.POSITIVE_INFINITY;
    // Not later than now: the clock may have been set back.
    const regularMs = Math.min(listedAtMs, clock.now()) + (isConfirming ? CONFIRMING_INTERVAL_MS : LISTING_INTERVAL_MS);
    return Math.min(regularMs, clock.now() + wantedInMs);
  };

  /** Keeps the searches in step with the tree; answers those that are due. */
  const dueSearches = (): readonly string[] => {
    for (const shardId of searches.keys()) if (!tree.searched.has(shardId)) searches.delete(shardId);
    for (const shardId of tree.searched.keys()) {
      if (!searches.has(shardId)) searches.set(shardId, { attempts: 0, dueMs: clock.now() });
    }
    const now = clock.now();
    return [...searches].flatMap(([shardId, { dueMs }]) => (dueMs <= now ? [shardId] : []));
  };
  const noteSearched = (shardIds: Iterable<string>): void => {
    for (const shardId of shardIds) {
      const attempts = (searches.get(shardId)?.attempts ?? 0) + 1;
      const delayMs = Math.min(CHILD_SEARCH.firstMs * 2 ** (attempts - 1), CHILD_SEARCH.maxMs);
      searches.set(shardId, { attempts, dueMs: clock.now() + delayMs });
    }
  };

  const listAll = async (signal: AbortSignal): Promise<void> => {
    isListingWanted = false;
    const searched = dueSearches();
    const mark = tree.beginListing();
    const askedAtMs = awsTime.now();
    let listing: StreamListing;
    try {
      listing = await listShards({ ...options, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      noteGone();
      return;
    }
    goneSinceMs = null;
    ({ pageCount } = listing);
    listedAtMs = clock.now();
    noteSearched(searched);
    const { shards, status, answeredAtMs } = listing;
    // A step of our clock shows with the answer at the latest.
    begunAtMs = Math.min(askedAtMs, answeredAtMs);
    const isEnding = status === 'DISABLING' || status === 'DISABLED';
    const times = { nowMs: listedAtMs, awsNowMs: answeredAtMs };
    options.onOutcome(tree.takeListing({ shards, childrenOf: null, isEnding, mark, ...times }));
    options.onListing(listing, begunAtMs);
  };

  /** Called again only after GONE_AFTER_MS: nothing else is asked for meanwhile. */
  const noteGone = (): void => {
    if (goneSinceMs !== null) {
      options.onStreamGone();
      return;
    }
    log.warning('DynamoDB says that there is no such stream, which is not sure yet: it is asked again');
    goneSinceMs = clock.now();
  };

  const askForChildren = async (shardIds: readonly string[], signal: AbortSignal): Promise<void> => {
    for (const childrenOf of shardIds) {
      const mark = tree.beginListing();
      let shards: readonly ListedShard[];
      try {
        shards = await listChildren({ ...options, signal }, childrenOf);
      } catch (error) {
        if (!isNotFound(error) && !isRefused(error)) throw error;
        // The shard is no longer known, or such questions are not: a full listing needs neither.
        isListingWanted = true;
        return;
      }
      const times = { nowMs: clock.now(), awsNowMs: awsTime.now() };
      options.onOutcome(tree.takeListing({ shards, childrenOf, isEnding: false, mark, ...times }));
    }
    noteSearched(shardIds);
  };

  return {
    childrenWanted: () => alarm.ring(),
    listingWanted() {
      isListingWanted = true;
      alarm.ring();
    },
    listingWantedAt(awsMs) {
      wantedAtMs = Math.max(wantedAtMs, awsMs);
      alarm.ring();
    },
    async run(signal) {
      for (;;) {
        signal.throwIfAborted();
        const due = goneSinceMs === null ? dueSearches() : [];
        if (clock.now() >= nextListingMs() || due.length >= pageCount) await listAll(signal);
        else if (due.length > 0) await askForChildren(due, signal);
        let searchMs = Number.POSITIVE_INFINITY;
        for (const { dueMs } of searches.values()) searchMs = Math.min(searchMs, dueMs);
        await alarm.wait(goneSinceMs === null ? Math.min(nextListingMs(), searchMs) : nextListingMs(), signal);
      }
    },
  };
}

function isNotFound(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'STREAM_NOT_FOUND';
}

function isRefused(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'REQUEST_REFUSED';
}
