import type { ListedShard } from '../../connection/stream-calls.ts';
import { shardPosition } from '../../model/position.ts';
import { isCertainlyHeld } from '../../model/retention.ts';
import { TributaryError } from '../../platform/errors.ts';
import { mergedShard } from './list-shards.ts';
import { verifiedAtBeginning } from './shard-creation.ts';
import type { NewShard } from './stream-sink.ts';

/** A shard that is part of the state, as far as lineage goes. */
export interface KnownShard {
  readonly shardId: string;
  readonly parentShardId: string | null;
  readonly isFinished: boolean;
  readonly verifiedThroughMs: number;
  /** By AWS's clock. */
  readonly firstListedAtMs: number;
}

/** A listing as the tree takes it. */
export interface ListingEvent {
  readonly shards: readonly ListedShard[];
  /** Null: it shows all shards. Else only the children of this one are looked for in it. */
  readonly childrenOf: string | null;
  /** Whether the stream is disabled or about to be: then a shard that ends need not have a child. Of a full listing. */
  readonly isEnding: boolean;
  /** What `beginListing` answered before the first request: a listing says nothing about what came after that. */
  readonly mark: number;
  /** By our clock; only differences count. */
  readonly nowMs: number;
  readonly awsNowMs: number;
}

/** What a listing brings about. */
export interface ListingOutcome {
  /** Children of finished shards. */
  readonly opened: readonly NewShard[];
  /** Shards that nothing known leads to, now for long enough: their parents expired unread. */
  readonly orphans: readonly string[];
  /** Readable shards that it does not show: they are to be asked themselves. */
  readonly missing: readonly string[];
  /** Finished shards that nobody needs any more. */
  readonly pruned: readonly string[];
}

/**
 * The forest of shards: what the state knows joined with what listings show, without a clock or a call of its own. A shard
 * is readable when its parent is finished or no part of the state. Children of finished shards are opened as soon as they
 * are seen; what is seen below an unfinished shard waits for it.
 */
export interface ShardTree {
  /** Call it before the first request of a listing. */
  beginListing(): number;
  /** Of the listing that was begun last. */
  mark(): number;
  /** Of the latest full listing that was taken; 0 before the first. */
  listedMark(): number;
  takeListing(listing: ListingEvent): ListingOutcome;
  /** `waiting`: children that are part of the state already and become readable now, and what they are verified through. */
  finish(
    shardId: string,
    verifiedThroughMs: number,
  ): {
    readonly children: readonly NewShard[];
    readonly waiting: readonly Pick<NewShard, 'shardId' | 'verifiedThroughMs'>[];
  };
  isReadable(shardId: string): boolean;
  /** Whether a listing has shown the shard with an end. */
  isClosed(shardId: string): boolean;
  /** Whether the shard takes no more records: it is closed, has a child, or full listings have lacked it for a minute. */
  isOver(shardId: string): boolean;
  /** Whether the latest full listing shows the shard, and nothing shows its end. */
  isShownOpen(shardId: string): boolean;
  /** Null when no listing has shown it. */
  startingSequenceNumber(shardId: string): string | null;
  /**
   * Finished shards whose children are still searched for. DynamoDB replaces every shard that it closes while the stream is
   * enabled: where a listing from after the end shows a child, and another one a moment later no further one, all are
   * found. Those that may have none, or whose children may have expired, are left out when two full listings ten seconds
   * apart show none. By id; the value is what each is verified through: older changes are not in its children.
   */
  readonly searched: ReadonlyMap<string, number>;
  /** Unknown shards whose parents have not been found so far. */
  orphanCount(): number;
}

/** One listing proves nothing: what it lacks, or has too much, has to stay so for this long. */
const CONFIRM_AFTER_MS = 10_000;
/** A shard that was split has two children; a listing that lacks one of them looks like that of a shard that was rolled. */
const SIBLINGS_AFTER_MS = 2_500;
/** The same for forgetting a shard: were it listed again, nothing known would lead to it. */
const PRUNE_AFTER_MS = 60_000;
const REMEMBER_PRUNED_MS = 3_600_000;
/** Whoever reads only what is over asks a shard itself that was not listed for so long: it may be gone. */
const OVER_AFTER_MISSING_MS = 60_000;
/** A shard that ended this long ago, and is not listed, has expired: 24 hours of retention and time to disappear. */
const EXPIRED_AFTER_MS = 36 * 3_600_000;

/** A shard of the state. */
interface Node {
  readonly shardId: string;
  readonly parentShardId: string | null;
  isFinished: boolean;
  verifiedThroughMs: number;
  readonly firstListedAtMs: number;
  /** Listings that were begun before its end, up to this one, cannot be trusted to show its children. */
  endMark: number;
  isClosed: boolean;
  startingSequenceNumber: string | null;
  /** Since when listings lack it; null while they have it. */
  missingSinceMs: number | null;
  /** Since when full listings show no child of it and it need not have one. */
  childlessSinceMs: number | null;
}

/** A shard that listings have shown and that is no part of the state. It is remembered until it is. */
interface Stranger {
  shard: ListedShard;
  readonly firstListedAtMs: number;
  orphanSinceMs: number | null;
}

export function createShardTree(known: readonly KnownShard[]): ShardTree {
  const nodes = new Map<string, Node>();
  const strangers = new Map<string, Stranger>();
  /** Ids of nodes and strangers by parent. */
  const below = new Map<string, Set<string>>();
  const searched = new Map<string, number>();
  /** By time: inconsistent listings may show a shard once more that was gone for long enough. */
  const prunedAtMs = new Map<string, number>();
  let lastMark = 0;
  let listedMark = 0;
  let listedAtMs = 0;
  let orphanCount = 0;

  const addNode = (shard: KnownShard): void => {
    const { shardId, parentShardId, isFinished, verifiedThroughMs } = shard;
    nodes.set(shardId, {
      ...{ ...shard, endMark: 0 },
      ...{ isClosed: false, startingSequenceNumber: null, missingSinceMs: null, childlessSinceMs: null },
    });
    noteParent(shardId, parentShardId);
    if (!isFinished) return;
    searched.set(shardId, verifiedThroughMs);
  };
  const noteParent = (shardId: string, parentShardId: string | null): void => {
    if (parentShardId === null) return;
    const siblings = below.get(parentShardId);
    if (siblings === undefined) below.set(parentShardId, new Set([shardId]));
    else siblings.add(shardId);
  };
  const forgetParent = (shardId: string, parentShardId: string | null): void => {
    const siblings = below.get(parentShardId ?? '');
    siblings?.delete(shardId);
    if (siblings?.size === 0) below.delete(parentShardId ?? '');
  };
  const nodesBelow = (shardId: string): readonly string[] =>
    [...(below.get(shardId) ?? [])].filter((child) => nodes.has(child));

  const note = (shard: ListedShard, awsNowMs: number): void => {
    const { shardId, parentShardId, startingSequenceNumber, endingSequenceNumber } = shard;
    const node = nodes.get(shardId);
    const stranger = strangers.get(shardId);
    if (node !== undefined) {
      node.isClosed ||= endingSequenceNumber !== null;
      node.startingSequenceNumber ??= startingSequenceNumber;
    } else if (stranger !== undefined) {
      stranger.shard = mergedShard(stranger.shard, shard);
    } else if (!prunedAtMs.has(shardId)) {
      strangers.set(shardId, { shard, firstListedAtMs: awsNowMs, orphanSinceMs: null });
      noteParent(shardId, parentShardId);
    }
  };

  /** Makes strangers below a finished shard part of the state. */
  const openBelow = ({
    shardId: parentShardId,
    verifiedThroughMs: parentVerifiedThroughMs,
  }: Node): readonly NewShard[] =>
    [...(below.get(parentShardId) ?? [])].flatMap((shardId) => {
      const stranger = strangers.get(shardId);
      // A shard whose children are read already comes too late: its changes would be taken for newer than theirs.
      if (stranger === undefined || nodesBelow(shardId).length > 0) return [];
      const { shard, firstListedAtMs } = stranger;
      strangers.delete(shardId);
      const verifiedThroughMs = verifiedAtBeginning({ shardId, firstListedAtMs }, parentVerifiedThroughMs);
      addNode({ shardId, parentShardId, isFinished: false, verifiedThroughMs, firstListedAtMs });
      note(shard, firstListedAtMs);
      const { startingSequenceNumber: first } = shard;
      const position = first === null ? 'start' : shardPosition('at', first);
      return [{ shardId, parentShardId, position, firstListedAtMs, verifiedThroughMs }];
    });

  /** Whether a known shard that is still to be read leads to a stranger. */
  const isAwaited = ({ shard }: Stranger): boolean => {
    const seen = new Set<string>([shard.shardId]);
    if (nodesBelow(shard.shardId).length > 0) return false;
    for (let parent = shard.parentShardId; parent !== null && !seen.has(parent); ) {
      if (nodes.has(parent)) return true;
      seen.add(parent);
      parent = strangers.get(parent)?.shard.parentShardId ?? null;
    }
    return false;
  };

  const findOrphans = (listed: ReadonlySet<string>, nowMs: number): readonly string[] => {
    const orphans: string[] = [];
    orphanCount = 0;
    for (const [shardId, stranger] of strangers) {
      if (isAwaited(stranger)) {
        stranger.orphanSinceMs = null;
      } else if (!listed.has(shardId)) {
        strangers.delete(shardId);
        forgetParent(shardId, stranger.shard.parentShardId);
      } else {
        stranger.orphanSinceMs ??= nowMs;
        orphanCount += 1;
        if (nowMs - stranger.orphanSinceMs >= CONFIRM_AFTER_MS) orphans.push(shardId);
      }
    }
    return orphans;
  };

  /** Ends the search for children where it has an answer. */
  const settle = (node: Node, { mark, childrenOf, isEnding, nowMs, awsNowMs }: ListingEvent): void => {
    if (mark <= node.endMark) return;
    const children = nodesBelow(node.shardId);
    if (children.length > 0) {
      const lastListedAtMs = Math.max(...children.map((child) => nodes.get(child)?.firstListedAtMs ?? 0));
      if (awsNowMs - lastListedAtMs >= SIBLINGS_AFTER_MS) searched.delete(node.shardId);
    } else if (childrenOf === null && (isEnding || !isCertainlyHeld(node.verifiedThroughMs, awsNowMs))) {
      node.childlessSinceMs ??= nowMs;
      if (nowMs - node.childlessSinceMs >= CONFIRM_AFTER_MS) searched.delete(node.shardId);
    }
  };

  const isExpired = (node: Node, { nowMs, awsNowMs }: ListingEvent): boolean =>
    node.isFinished &&
    nodesBelow(node.shardId).length > 0 &&
    // The oldest of a line goes first: without it the next one would not be missed.
    !nodes.has(node.parentShardId ?? '') &&
    // Before that it cannot have expired, whatever listings lack.
    !isCertainlyHeld(node.verifiedThroughMs, awsNowMs) &&
    (nowMs - (node.missingSinceMs ?? nowMs) >= PRUNE_AFTER_MS || awsNowMs - node.verifiedThroughMs >= EXPIRED_AFTER_MS);

  const prune = ({ shardId, parentShardId }: Node, nowMs: number): void => {
    nodes.delete(shardId);
    searched.delete(shardId);
    forgetParent(shardId, parentShardId);
    prunedAtMs.set(shardId, nowMs);
  };

  const findMissing = (
    listed: ReadonlySet<string>,
    listing: ListingEvent,
  ): Pick<ListingOutcome, 'missing' | 'pruned'> => {
    const missing: string[] = [];
    const expired: string[] = [];
    for (const [shardId, atMs] of prunedAtMs) {
      if (listing.nowMs - atMs < REMEMBER_PRUNED_MS) break;
      prunedAtMs.delete(shardId);
    }
    for (const node of nodes.values()) {
      const { shardId } = node;
      if (listed.has(shardId)) {
        node.missingSinceMs = null;
        continue;
      }
      node.missingSinceMs ??= listing.nowMs;
      if (tree.isReadable(shardId)) missing.push(shardId);
      if (!isExpired(node, listing)) continue;
      prune(node, listing.nowMs);
      expired.push(shardId);
    }
    return { missing, pruned: expired };
  };

  const tree: ShardTree = {
    beginListing() {
      lastMark += 1;
      return lastMark;
    },
    takeListing(listing) {
      const { shards, childrenOf, nowMs, awsNowMs } = listing;
      for (const shard of shards) note(shard, awsNowMs);
      const opened = [...nodes.values()].flatMap((node) => (node.isFinished ? openBelow(node) : []));
      if (childrenOf !== null) {
        const node = nodes.get(childrenOf);
        if (node !== undefined) settle(node, listing);
        return { opened, orphans: [], missing: [], pruned: [] };
      }
      for (const shardId of searched.keys()) {
        const node = nodes.get(shardId);
        if (node !== undefined) settle(node, listing);
      }
      listedMark = listing.mark;
      listedAtMs = nowMs;
      const listed = new Set(shards.map(({ shardId }) => shardId));
      return { opened, orphans: findOrphans(listed, nowMs), ...findMissing(listed, listing) };
    },
    finish(shardId, verifiedThroughMs) {
      const node = nodes.get(shardId);
      if (node === undefined) throw new TributaryError('BUG', `Shard ${shardId} ends and was never begun`);
      const waiting = nodesBelow(shardId).map((child) => {
        const { firstListedAtMs } = nodes.get(child) ?? node;
        return {
          shardId: child,
          verifiedThroughMs: verifiedAtBeginning({ shardId: child, firstListedAtMs }, verifiedThroughMs),
        };
      });
      Object.assign(node, { isFinished: true, verifiedThroughMs, endMark: lastMark });
      searched.set(shardId, verifiedThroughMs);
      return { children: openBelow(node), waiting };
    },
    isReadable(shardId) {
      const node = nodes.get(shardId);
      if (node === undefined || node.isFinished) return false;
      return nodes.get(node.parentShardId ?? '')?.isFinished ?? true;
    },
    isClosed: (shardId) => nodes.get(shardId)?.isClosed ?? false,
    isOver(shardId) {
      const node = nodes.get(shardId);
      // DynamoDB makes children of a shard only when it is closed; an older page may still show it open.
      if (node === undefined || node.isClosed || below.has(shardId)) return node !== undefined;
      return node.missingSinceMs !== null && listedAtMs - node.missingSinceMs >= OVER_AFTER_MISSING_MS;
    },
    isShownOpen(shardId) {
      const node = nodes.get(shardId);
      return node !== undefined && !node.isClosed && !below.has(shardId) && node.missingSinceMs === null;
    },
    startingSequenceNumber: (shardId) => nodes.get(shardId)?.startingSequenceNumber ?? null,
    searched,
    mark: () => lastMark,
    listedMark: () => listedMark,
    orphanCount: () => orphanCount,
  };
  for (const shard of known) addNode(shard);
  return tree;
}
