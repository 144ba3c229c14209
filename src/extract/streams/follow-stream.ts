import type { AwsTime } from '../../connection/aws-time.ts';
import { parseShardUnit } from '../../model/unit.ts';
import type { UnitState } from '../../model/unit-state.ts';
import { carriesNewImages } from '../../model/view-type.ts';
import type { Logger } from '../../platform/logger.ts';
import type { RecordsOptions } from '../../transcode/records-page.ts';
import type { PageMemory } from '../page-memory.ts';
import { createShardDiscovery } from './discover-shards.ts';
import type { ShardSource, StreamListing } from './list-shards.ts';
import { withNotedThrottles } from './noted-throttles.ts';
import { createPollSchedule } from './poll-schedule.ts';
import { createShardReader } from './read-shard.ts';
import { readingOfNewShard, readingOfUnit, type ShardReading } from './shard-reading.ts';
import { createShardTree, type KnownShard, type ListingOutcome } from './shard-tree.ts';
import { type Loss, StreamGap } from './stream-gap.ts';
import type { NewShard, StreamSink } from './stream-sink.ts';

export interface FollowOptions extends ShardSource {
  /**
   * `closed`: shards are read when a listing shows their end, and open ones are left alone. What they hold is not
   * verified: it ages until they close.
   */
  readonly shards: 'open' | 'closed';
  readonly awsTime: Pick<AwsTime, 'now' | 'latest'>;
  /** As the destination holds them; those that are no shards are passed over. */
  readonly units: readonly UnitState[];
  readonly transcode: RecordsOptions;
  readonly memory: PageMemory;
  /** GetRecords calls under way at once. */
  readonly concurrency: number;
  readonly sink: StreamSink;
  readonly log: Logger;
  /** Counts every call that was refused for its rate. */
  readonly onThrottle: () => void;
  readonly signal: AbortSignal;
}

export interface StreamFollower {
  /**
   * Reads until the signal aborts, then rejects with its reason; rejects with a StreamGap when changes are lost, or with a
   * TributaryError. Call it once. No call is under way and no memory is reserved any more when it rejects, but for what
   * the sink has got.
   */
  run(): Promise<never>;
  /**
   * Whether every change that was made before `atMs` (AWS's clock) has been handed to the sink. Of closed shards only: whether
   * a listing that was begun after it shows none that is not read to its end.
   */
  isCaughtUpWith(atMs: number): boolean;
  /** Finished shards whose children are searched for and can hold such changes: they keep it from being caught up. */
  searchedShards(atMs: number): readonly string[];
  /**
   * Asks shards that are not verified through `atMs` at short intervals until they are, however idle they were, and lists
   * them where that shows whether they are caught up. Calling it again with no later time does nothing.
   */
  hurry(atMs: number): void;
  readonly stats: FollowStats;
}

export interface FollowStats {
  /** Shards that are not read to their end. */
  readonly openShards: number;
  /** The least time through which unfinished shards are verified; null when there are none. */
  readonly oldestVerifiedMs: number | null;
}

/** How long other shards are given to show whether they have lost something, too, when one has. */
const SURVEY_MS = 2 * 60_000;

/**
 * Follows the stream of one table: reads its shards from where their units stand, parents before children, and finds new
 * ones as they come. Knows nothing of destinations; what it reads goes to the sink.
 */
export function followStream(options: FollowOptions): StreamFollower {
  const { units, shards, sink, clock, awsTime, log } = options;
  const stop = new AbortController();
  const fail = (error: unknown): void => stop.abort(error);
  const calls = withNotedThrottles(options.calls, options.onThrottle);
  const tree = createShardTree(units.flatMap(knownShard));
  /** Unfinished shards, by id. */
  const readings = new Map<string, ShardReading>();
  for (const unit of units) addReading(readingOfUnit(unit));
  /** Those that the schedule has got; what is lost stays among them. */
  const asked = new Set<ShardReading>();
  const losses = new Map<string, Loss>();
  let surveyUntilMs = Number.POSITIVE_INFINITY;
  let isListed = false;
  /** The latest listing was begun after this time of AWS. */
  let listedFromMs = Number.NEGATIVE_INFINITY;
  let hurriedThroughMs = Number.NEGATIVE_INFINITY;
  /** The latest time through which any shard is verified: what was lost with the whole stream came after it. */
  let lastVerifiedMs = units.reduce((last, { shard }) => Math.max(last, shard?.verifiedThroughMs ?? 0), 0);

  const reader = createShardReader({
    ...{ ...options, calls, tree, signal: stop.signal },
    isHurried: ({ verifiedThroughMs }) => verifiedThroughMs < hurriedThroughMs,
    onRefusal: () => discovery.listingWanted(),
  });
  const schedule = createPollSchedule<ShardReading>({
    clock,
    concurrency: options.concurrency,
    async poll(reading) {
      try {
        const outcome = await reader.read(reading);
        if (outcome.kind === 'again' && mayBeAsked(reading)) return outcome.delayMs;
        // Listings had lacked it, and show it open again.
        if (outcome.kind === 'again') asked.delete(reading);
        else if (outcome.kind === 'ended') finish(reading);
        else if (outcome.kind === 'lost') lose(outcome.loss);
      } catch (error) {
        fail(error);
      } finally {
        reportLosses();
      }
      return null;
    },
  });
  const discovery = createShardDiscovery({
    ...{ ...options, calls, tree },
    onOutcome: takeOutcome,
    onListing: judgeListing,
    isIncomplete: () => shards === 'closed' && [...readings.values()].some(isMissing),
    onStreamGone: () => fail(wholeLoss('stream-disabled', 'The stream does not exist any more')),
  });

  function addReading(reading: ShardReading | null): void {
    if (reading !== null) readings.set(reading.shardId, reading);
  }

  function mayBeAsked({ shardId }: ShardReading): boolean {
    return tree.isReadable(shardId) && (shards === 'open' || tree.isOver(shardId));
  }

  /** Asks the shard now, if it may be asked. */
  function ask(reading: ShardReading): void {
    if (!mayBeAsked(reading)) return;
    asked.add(reading);
    schedule.add(reading);
  }

  /** Whether listings lack the shard, and not for long enough to ask it itself. */
  function isMissing({ shardId }: ShardReading): boolean {
    return !tree.isShownOpen(shardId) && !tree.isOver(shardId);
  }

  function begin(children: readonly NewShard[]): void {
    for (const child of children) {
      const reading = readingOfNewShard(child);
      addReading(reading);
      ask(reading);
    }
  }

  function finish(reading: ShardReading): void {
    const { shardId, position: from, verifiedThroughMs } = reading;
    const { children, waiting } = tree.finish(shardId, verifiedThroughMs);
    readings.delete(shardId);
    asked.delete(reading);
    lastVerifiedMs = Math.max(lastVerifiedMs, verifiedThroughMs);
    sink.finished({ shardId, from, children, waiting: waiting.map((child) => child.shardId) });
    log.debug(`Shard ${shardId} is read to its end`);
    for (const child of waiting) {
      const next = readings.get(child.shardId);
      if (next === undefined) continue;
      if (next.verifiedThroughMs !== child.verifiedThroughMs) {
        // Also where it is less: the older changes of the parent lie over what the child has to bring.
        next.verifiedThroughMs = child.verifiedThroughMs;
        sink.verified({ ...child, from: next.position, to: next.position });
      }
      ask(next);
    }
    begin(children);
    discovery.childrenWanted();
  }

  function takeOutcome({ opened, orphans, missing, pruned }: ListingOutcome): void {
    if (opened.length > 0) sink.opened(opened);
    begin(opened);
    for (const shardId of pruned) sink.pruned(shardId);
    for (const shardId of orphans) {
      const detail = `Shard ${shardId} has a parent that was never read and is no more`;
      lose({ kind: 'parent-lost', shardId, fromMs: null, detail });
    }
    for (const shardId of missing) {
      const reading = readings.get(shardId);
      // Asked with a new iterator: an old one may outlive its shard.
      if (reading === undefined || !isListed || isWaitingForSource(reading) || !mayBeAsked(reading)) continue;
      reading.iterator = null;
      ask(reading);
    }
  }

  function judgeListing({ status, viewType }: StreamListing, begunAtMs: number): void {
    if (!carriesNewImages(viewType)) {
      fail(wholeLoss('view-type-changed', `The stream carries ${viewType}, not new images`));
      return;
    }
    for (const reading of readings.values()) if (!asked.has(reading)) ask(reading);
    isListed = true;
    listedFromMs = begunAtMs;
    const isDrained = readings.size === 0 && tree.searched.size === 0 && tree.orphanCount() === 0;
    if (isDrained && (status === 'DISABLED' || status === 'DISABLING')) {
      fail(wholeLoss('stream-disabled', 'The stream is disabled, and everything in it was read'));
    }
    reportLosses();
  }

  function wholeLoss(kind: Loss['kind'], detail: string): StreamGap {
    const fromMs = oldestVerifiedMs() ?? lastVerifiedMs;
    return new StreamGap([{ kind, shardId: null, fromMs, detail }, ...losses.values()], awsTime.latest());
  }

  function lose(loss: Loss): void {
    if (loss.shardId === null || losses.has(loss.shardId)) return;
    if (losses.size === 0) surveyUntilMs = clock.now() + SURVEY_MS;
    losses.set(loss.shardId, loss);
  }

  /**
   * Ends the run for what is lost, once every shard has shown how it is: a gap costs a reading of the whole table, so what
   * was lost by one outage has to be one gap.
   */
  function reportLosses(): void {
    const [first, ...others] = losses.values();
    if (first === undefined) return;
    const isUnknown = (reading: ShardReading): boolean =>
      (!reading.hasAnswered || reading.refusal !== null) && !losses.has(reading.shardId) && mayBeAsked(reading);
    const lostOrphans = [...losses.values()].filter(({ kind }) => kind === 'parent-lost').length;
    const isOpen = tree.orphanCount() > lostOrphans || [...readings.values()].some(isUnknown);
    if (!isOpen || clock.now() >= surveyUntilMs) fail(new StreamGap([first, ...others], awsTime.latest()));
  }

  function oldestVerifiedMs(): number | null {
    let oldestMs: number | null = null;
    for (const { verifiedThroughMs } of readings.values()) {
      if (oldestMs === null || verifiedThroughMs < oldestMs) oldestMs = verifiedThroughMs;
    }
    return oldestMs;
  }

  function searchedShards(atMs: number): readonly string[] {
    return [...tree.searched].flatMap(([shardId, verifiedThroughMs]) => (verifiedThroughMs < atMs ? [shardId] : []));
  }

  return {
    async run() {
      const onAbort = (): void => fail(options.signal.reason);
      options.signal.addEventListener('abort', onAbort, { once: true });
      if (options.signal.aborted) onAbort();
      try {
        await Promise.all([discovery.run(stop.signal).catch(fail), schedule.run(stop.signal).catch(fail)]);
      } finally {
        options.signal.removeEventListener('abort', onAbort);
      }
      throw stop.signal.reason;
    },
    isCaughtUpWith(atMs) {
      const isSettled = isListed && tree.orphanCount() === 0 && losses.size === 0;
      if (!isSettled || searchedShards(atMs).length > 0) return false;
      if (shards === 'open') return (oldestVerifiedMs() ?? Number.POSITIVE_INFINITY) >= atMs;
      return listedFromMs >= atMs && [...readings.keys()].every((shardId) => tree.isShownOpen(shardId));
    },
    searchedShards,
    hurry(atMs) {
      // Shards that are hurried already have a pace of their own, which another poll at once would break.
      if (atMs <= hurriedThroughMs) return;
      hurriedThroughMs = atMs;
      if (shards === 'closed') discovery.listingWantedAt(atMs);
      for (const reading of readings.values()) {
        const isBehind = reading.verifiedThroughMs < atMs && reading.emptyCount > 0;
        if (isBehind && !isWaitingForSource(reading)) ask(reading);
      }
    },
    stats: {
      get openShards() {
        return readings.size;
      },
      get oldestVerifiedMs() {
        return oldestVerifiedMs();
      },
    },
  };
}

/** Faults and refusals are waited out: asking earlier would not help. */
function isWaitingForSource({ patience, refusal }: ShardReading): boolean {
  return patience !== null || refusal !== null;
}

function knownShard({ unit, position, shard }: UnitState): readonly KnownShard[] {
  const shardId = parseShardUnit(unit);
  if (shardId === null || shard === null) return [];
  const { parent: parentShardId, verifiedThroughMs, firstListedAtMs } = shard;
  return [{ shardId, parentShardId, isFinished: position === 'end', verifiedThroughMs, firstListedAtMs }];
}
