import { pageMemory } from '../extract/page-memory.ts';
import { followStream, type StreamFollower } from '../extract/streams/follow-stream.ts';
import type { Load } from '../load/destination.ts';
import type { FollowedStream, LoadingVersion } from '../model/table-state.ts';
import { parseSegmentUnit, parseShardUnit } from '../model/unit.ts';
import type { UnitState } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import { planOf } from '../schema/merge.ts';
import { createUnitProgress, type UnitProgress } from '../state/unit-progress.ts';
import { besideStream, untilCaughtUp } from './beside-stream.ts';
import { finishSnapshot } from './finish-snapshot.ts';
import { SCAN_FLUSH_INTERVAL_MS } from './full-table.ts';
import { createLaneLoader } from './lane-loader.ts';
import type { LiveVersion, LogBasedReplication, StreamFacts } from './log-based-replication.ts';
import { attributeNames } from './scan-segments.ts';
import { scanBeside, scanInTurns } from './snapshot.ts';
import { createStreamSink } from './stream-sink.ts';
import type { StreamCounters } from './table-counters.ts';
import { readState, readUnits, schemaOptions, tapLog } from './table-replication.ts';
import type { VersionSession } from './version-session.ts';

/**
 * Loads a version until the run may end: segments that are left and the stream, side by side where the destination can
 * compare, in turns where it cannot. Whatever ends it, what was read is made durable. Rejects with StreamGap when changes
 * were lost.
 */
export async function followVersion(
  run: LogBasedReplication,
  options: { readonly facts: StreamFacts; readonly isNew: boolean; readonly onCommit: () => void },
): Promise<LiveVersion> {
  const { target, destination, signal } = run;
  const state = await readState(run);
  const loading = state?.loading ?? null;
  const stream = loading?.stream ?? null;
  if (state === null || loading === null || stream === null) {
    throw new TributaryError('FENCED', `Another process has begun another version of ${target.table}`);
  }
  const { version, base } = loading;
  const units = (await readUnits(run)).map(({ unit }) => unit);
  const load = await destination.open({ ...target, version, base, units, deletes: run.deletes }, { signal });
  try {
    const stop = new AbortController();
    const session = createSession(run, { ...options, loading, stream, load, stop });
    const [replicated] = await Promise.allSettled([replicate(session, state.phase === 'following')]);
    // Also after a failure or a stop: what was read is paid for, and the next run need not read it again.
    await session.loader.finish();
    if (replicated.status === 'rejected') throw replicated.reason;
    return { version, rowCount: await liveRowCount(run) };
  } finally {
    await load.close();
  }
}

function createSession(
  run: LogBasedReplication,
  options: {
    readonly facts: StreamFacts;
    readonly isNew: boolean;
    readonly onCommit: () => void;
    readonly loading: LoadingVersion;
    readonly stream: FollowedStream;
    readonly load: Load;
    readonly stop: AbortController;
  },
): VersionSession {
  const { counters, memory, streamMemory } = run;
  const { facts, loading, stream, load, stop, isNew } = options;
  const progress = createUnitProgress(load.units.values(), load.epoch);
  const names = attributeNames(run, facts.key);
  const isScanned = (): boolean =>
    progress.units().every(({ unit, position }) => parseSegmentUnit(unit) === null || position === 'end');
  const loader = createLaneLoader({
    load,
    schema: { schema: load.schema, plan: planOf(load.schema, schemaOptions(run, facts.key)) },
    key: facts.key,
    capabilities: run.destination.capabilities,
    progress,
    memories: [memory, streamMemory],
    // Readers may see older values anyway until the snapshot is finished: large commits end it sooner.
    flushIntervalMs: () => (isScanned() ? run.flushIntervalMs : SCAN_FLUSH_INTERVAL_MS),
    counters,
    clock: run.clock,
    log: run.log.at('target'),
    onFailure: (error) => stop.abort(error),
    onCommit: () => {
      options.onCommit();
      run.onProgress();
    },
  });
  const sink = createStreamSink({
    loader,
    progress,
    base: loading.base,
    memory: streamMemory,
    counters,
    onProgress: run.onProgress,
  });
  const follow = (signal: AbortSignal): StreamFollower =>
    followStream({
      streamArn: facts.streamArn,
      shards: run.shards,
      units: shardStates(progress, load.epoch),
      calls: run.calls,
      rate: run.describeRate,
      awsTime: run.awsTime,
      clock: run.clock,
      transcode: { names, projection: run.projection, ...run.records },
      memory: pageMemory(streamMemory),
      concurrency: run.streamConcurrency,
      sink,
      onThrottle: () => {
        counters.throttleCount += 1;
      },
      log: tapLog(run),
      signal,
    });
  const signal = AbortSignal.any([run.signal, stop.signal]);
  return { run, facts, loading, stream, isNew, progress, loader, names, signal, follow };
}

/** Resolves when the run may end, which a run without end never does. */
async function replicate(session: VersionSession, isSettled: boolean): Promise<void> {
  const { run, facts, loader } = session;
  const isOrdered = run.destination.capabilities.changes === 'ordered';
  const scannedBeforeMs = isOrdered ? await scanInTurns(session) : null;
  await besideStream(session, async (follower, signal) => {
    run.counters.stream = streamCounters(run, follower, false);
    const scannedMs = isOrdered ? scannedBeforeMs : await scanBeside(session, signal);
    // The last page of the Scan may hold what was written until it was answered.
    const caughtUpWithMs = Math.max(facts.foundAtMs, scannedMs ?? 0);
    let outcome: Awaited<ReturnType<typeof finishSnapshot>>;
    do {
      await untilCaughtUp(session, follower, { atMs: caughtUpWithMs, signal });
      await loader.flush();
      outcome = isSettled ? 'finished' : await finishSnapshot(session, { caughtUpWithMs, signal });
    } while (outcome === 'behind');
    if (outcome === 'finished') run.counters.stream = streamCounters(run, follower, true);
    run.log.info(`${run.target.table}: has caught up`);
    await (run.onCaughtUp === null ? forever(signal) : Promise.race([run.onCaughtUp(), forever(signal)]));
  });
}

function streamCounters(
  { awsTime }: LogBasedReplication,
  { stats }: StreamFollower,
  isFollowing: boolean,
): StreamCounters {
  return {
    isFollowing,
    get openShards() {
      return stats.openShards;
    },
    get lagMs() {
      return stats.oldestVerifiedMs === null ? null : awsTime.now() - stats.oldestVerifiedMs;
    },
  };
}

function shardStates(progress: UnitProgress, epoch: number): readonly UnitState[] {
  return progress
    .units()
    .filter(({ unit }) => parseShardUnit(unit) !== null)
    .map((unit) => ({ ...unit, epoch }));
}

/** Rejects with the reason of the signal. */
function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function liveRowCount({ destination, target }: LogBasedReplication): Promise<number> {
  const states = await destination.runStore.readTables(target.source);
  return states.find(({ table }) => table === target.table)?.liveRowCount ?? 0;
}
