import { setImmediate as nextTurn } from 'node:timers/promises';
import { createStreamCalls, type StreamCalls } from '../../src/connection/stream-calls.ts';
import { pageMemory } from '../../src/extract/page-memory.ts';
import { captureStream } from '../../src/extract/streams/capture.ts';
import { createDescribeRate } from '../../src/extract/streams/describe-rate.ts';
import { followStream, type StreamFollower } from '../../src/extract/streams/follow-stream.ts';
import { listShards } from '../../src/extract/streams/list-shards.ts';
import type { StreamSink } from '../../src/extract/streams/stream-sink.ts';
import { parseShardUnit, shardUnit } from '../../src/model/unit.ts';
import type { ShardBookmark, UnitState } from '../../src/model/unit-state.ts';
import { ByteBudget } from '../../src/platform/byte-budget.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import type { ManualClock } from '../../src/simulator/manual-clock.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { createAttributeDictionary } from '../../src/transcode/attribute-names.ts';
import type { RecordsOptions } from '../../src/transcode/records-page.ts';
import type { DynamoValue } from './dynamo-item.ts';
import { connectTo } from './local-connection.ts';
import { itemsOfPage } from './tape-items.ts';

/** What a destination would hold: units as they stand, and every change in the order in which it came. */
export interface FollowedState {
  readonly units: Map<string, UnitState>;
  /** By key: the value `v` of each image that came, null for deletes. */
  readonly images: Map<string, (string | null)[]>;
  /** What the sink was told, in order. */
  readonly events: string[];
}

export interface Following {
  readonly state: FollowedState;
  readonly follower: StreamFollower;
  readonly warnings: readonly string[];
  readonly memory: ByteBudget;
  /** Turns the clock until the condition holds; throws what the follower rejects with before. */
  until(condition: () => boolean): Promise<void>;
  /** Turns the clock for so long. */
  pass(ms: number): Promise<void>;
  /** Turns the clock until the follower rejects; answers what with. */
  failure(): Promise<unknown>;
  stop(): Promise<void>;
}

const STEP_MS = 250;

function emptyState(): FollowedState {
  return { units: new Map(), images: new Map(), events: [] };
}

/** Units for everything that is listed, as a new version begins with. */
export async function captureTable(simulator: Simulator, clock: ManualClock, table: string): Promise<FollowedState> {
  const connection = connectTo(simulator, clock);
  const state = emptyState();
  const listing = listShards({
    streamArn: simulator.streams.arn(table),
    calls: createStreamCalls(connection),
    rate: createDescribeRate(clock),
    awsTime: connection.awsTime,
    clock,
    log: silentLogger,
    signal: new AbortController().signal,
  });
  const { shards } = await turningClock(clock, listing);
  connection.close();
  const units = captureStream(shards, { awsNowMs: clock.now(), base: 1n, laneCount: 8 });
  for (const unit of units) state.units.set(unit.unit, { ...unit, epoch: 1 });
  return state;
}

/** The outcome of work that sleeps on the clock: it is turned whenever somebody sleeps. */
export async function turningClock<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = (): void => {
    isDone = true;
  };
  work.then(end, end);
  while (!isDone) {
    await Promise.race([clock.sleepers(1), work.catch(() => {})]);
    if (!isDone) clock.advance(125);
  }
  return await work;
}

/** Follows the stream of a table of the simulator on its clock, which only moves while no request is under way. */
export function startFollowing(options: {
  readonly simulator: Simulator;
  readonly clock: ManualClock;
  readonly table: string;
  readonly state: FollowedState;
  /** Default: `open`. */
  readonly shards?: 'open' | 'closed';
  readonly concurrency?: number;
  readonly memoryBytes?: number;
  /** Whether pages give their memory back at once. Default: they do. */
  readonly isDurableAtOnce?: boolean;
  readonly ttlDeletes?: RecordsOptions['ttlDeletes'];
  readonly onFinished?: StreamSink['finished'];
  readonly onThrottle?: () => void;
  /** That of the follower, where it is not the simulator's. */
  readonly ownClock?: Clock;
}): Following {
  const { simulator, clock, table, state } = options;
  const ownClock = options.ownClock ?? clock;
  const connection = connectTo(simulator, ownClock);
  const stop = new AbortController();
  const warnings: string[] = [];
  const memory = new ByteBudget(options.memoryBytes ?? 64 * 1024 * 1024);
  const requests = { underWay: 0 };
  const sink = recordingSink(state, (bytes) => {
    if (options.isDurableAtOnce !== false) memory.release(bytes);
  });
  const follower = followStream({
    streamArn: simulator.streams.arn(table),
    shards: options.shards ?? 'open',
    calls: watchedCalls(createStreamCalls(connection), requests),
    rate: createDescribeRate(ownClock),
    awsTime: connection.awsTime,
    clock: ownClock,
    log: { ...silentLogger, warning: (message) => warnings.push(message) },
    units: [...state.units.values()],
    transcode: {
      names: createAttributeDictionary(['pk']),
      projection: null,
      deletedImage: 'key',
      ttlDeletes: options.ttlDeletes ?? 'replicate',
    },
    memory: pageMemory(memory),
    concurrency: options.concurrency ?? 8,
    sink: {
      ...sink,
      finished(end) {
        sink.finished(end);
        options.onFinished?.(end);
      },
    },
    onThrottle: options.onThrottle ?? (() => {}),
    signal: stop.signal,
  });
  const ended: { error: unknown; isEnded: boolean } = { error: null, isEnded: false };
  const running = follower
    .run()
    .catch((error: unknown) => {
      ended.error = error;
    })
    .finally(() => {
      ended.isEnded = true;
      connection.close();
    });
  const settle = async (): Promise<void> => {
    // Work that a settled request has made possible may start another one a few turns later.
    for (let quiet = 0; quiet < 4 && !ended.isEnded; quiet++) {
      await nextTurn();
      if (requests.underWay > 0) quiet = 0;
    }
  };
  const turn = async (isDone: () => boolean): Promise<void> => {
    await settle();
    while (!ended.isEnded && !isDone()) {
      clock.advance(STEP_MS);
      await settle();
    }
  };
  return {
    state,
    follower,
    warnings,
    memory,
    async until(condition) {
      await turn(condition);
      if (ended.isEnded) throw ended.error;
    },
    async pass(ms) {
      const untilMs = clock.now() + ms;
      await turn(() => clock.now() >= untilMs);
      if (ended.isEnded) throw ended.error;
    },
    async failure() {
      await turn(() => false);
      await running;
      return ended.error;
    },
    async stop() {
      stop.abort(new Error('stopped by the test'));
      await running;
    },
  };
}

function watchedCalls(calls: StreamCalls, requests: { underWay: number }): StreamCalls {
  const watched = async <Answer>(call: Promise<Answer>): Promise<Answer> => {
    requests.underWay += 1;
    try {
      return await call;
    } finally {
      requests.underWay -= 1;
    }
  };
  return {
    describe: (request, callOptions) => watched(calls.describe(request, callOptions)),
    iterator: (request, callOptions) => watched(calls.iterator(request, callOptions)),
    records: (request, callOptions) => watched(calls.records(request, callOptions)),
  };
}

/** A sink that keeps what it is given, and throws where the follower breaks its word. */
function recordingSink({ units, images, events }: FollowedState, releaseMemory: (bytes: number) => void): StreamSink {
  const unitOf = (shardId: string): UnitState & { readonly shard: ShardBookmark } => {
    const unit = units.get(shardUnit(shardId));
    if (unit === undefined || unit.shard === null) throw new Error(`${shardId} is no unit`);
    return { ...unit, shard: unit.shard };
  };
  const move = (shardId: string, from: string, next: Pick<UnitState, 'position'>, verifiedThroughMs: number): void => {
    const unit = unitOf(shardId);
    if (unit.position !== from) throw new Error(`${shardId} is at ${unit.position}, not at ${from}`);
    // It falls when the old records of a captured shard are read, and with it for what comes after that shard.
    const mayFall = unit.position === 'start' || unit.shard.parent !== null;
    if (verifiedThroughMs < unit.shard.verifiedThroughMs && !mayFall)
      throw new Error(`${shardId} is verified through less`);
    units.set(unit.unit, { ...unit, ...next, shard: { ...unit.shard, verifiedThroughMs } });
  };
  const open: StreamSink['opened'] = (children) => {
    for (const { shardId, parentShardId, position, firstListedAtMs, verifiedThroughMs } of children) {
      const parent = unitOf(parentShardId);
      if (parent.position !== 'end') throw new Error(`${shardId} is opened before its parent ends`);
      if (units.has(shardUnit(shardId))) throw new Error(`${shardId} is opened twice`);
      const { lane, sequence } = parent.shard;
      const shard = { parent: parentShardId, lane, sequence, verifiedThroughMs, firstListedAtMs };
      units.set(shardUnit(shardId), { unit: shardUnit(shardId), position, epoch: 1, shard });
      events.push(`opened ${shardId}`);
    }
  };
  return {
    changes({ shardId, from, to, records, heldBytes, verifiedThroughMs }) {
      const parent = units.get(shardUnit(unitOf(shardId).shard.parent ?? ''));
      if (parent !== undefined && parent.position !== 'end')
        throw new Error(`${shardId} is read before its parent ends`);
      move(shardId, from, { position: to }, verifiedThroughMs);
      itemsOfPage(records.page).forEach((item, row) => {
        const key = scalarText(item['pk']);
        const image = records.changes.kinds[row] === 0 ? scalarText(item['v']) : null;
        images.set(key, [...(images.get(key) ?? []), image]);
      });
      events.push(`changes ${shardId}`);
      releaseMemory(heldBytes);
    },
    finished({ shardId, from, children, waiting }) {
      move(shardId, from, { position: 'end' }, unitOf(shardId).shard.verifiedThroughMs);
      for (const child of waiting) unitOf(child);
      events.push(`finished ${shardId}`);
      open(children);
    },
    opened: open,
    verified({ shardId, from, to, verifiedThroughMs }) {
      move(shardId, from, { position: to }, verifiedThroughMs);
      events.push(`verified ${shardId}`);
    },
    pruned(shardId) {
      if (unitOf(shardId).position !== 'end') throw new Error(`${shardId} is pruned before it ends`);
      units.delete(shardUnit(shardId));
      events.push(`pruned ${shardId}`);
    },
  };
}

function scalarText(value: DynamoValue | undefined): string {
  return String(Object.values(value ?? {})[0] ?? '');
}

/** Where a shard stands. */
export function positionOf({ units }: FollowedState, shardId: string): string | null {
  return units.get(shardUnit(shardId))?.position ?? null;
}

export function shardIdsOf({ units }: FollowedState): readonly string[] {
  return [...units.values()].flatMap(({ unit }) => parseShardUnit(unit) ?? []);
}
