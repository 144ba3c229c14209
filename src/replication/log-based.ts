import { captureStream } from '../extract/streams/capture.ts';
import { listCompletely } from '../extract/streams/list-completely.ts';
import { StreamGap } from '../extract/streams/stream-gap.ts';
import { carriesNewImages } from '../model/view-type.ts';
import { backoffMs } from '../platform/backoff.ts';
import { TributaryError, toTributaryError } from '../platform/errors.ts';
import { plural } from '../platform/format.ts';
import { type FollowPlan, type LossOfSource, planFollowing } from '../state/follow-plan.ts';
import { followVersion } from './follow-version.ts';
import { answerGap, gapsBefore, waitingGap, waitsOnlyForStream } from './gap-answer.ts';
import type { LiveVersion, LogBasedReplication, StreamFacts } from './log-based-replication.ts';
import { createScanSource, newSegments } from './scan-segments.ts';
import { layoutOf, readState, readUnits, startingSchema, tapLog } from './table-replication.ts';

/** Lanes of a version, fixed for its life: more than one process needs, so that several may share them. */
export const LANE_COUNT = 32;
const RETRY_BACKOFF = { firstMs: 1_000, maxMs: 60_000 };

/**
 * LOG_BASED replication of one table: a snapshot first, and its stream from before that on. Resolves to what readers see
 * when the run may end. At a crash, a stop or an error the bookmarks are those of what is durable. Lost changes become
 * gaps, and where the policy says so the table is read again in place.
 */
export async function replicateLogBased(run: LogBasedReplication): Promise<LiveVersion> {
  let attempt = 0;
  for (;;) {
    try {
      const live = await replicateOnce(run, () => {
        attempt = 0;
      });
      if (live !== null) return live;
    } catch (error) {
      const ended = error === run.signal.reason ? await endOfFollowing(run) : null;
      if (ended !== null) return ended;
      await waitToRetry(run, error, attempt);
      attempt += 1;
    }
  }
}

/** Stopping is how a run without end ends well, unless the table was still being read; null where it was not that. */
async function endOfFollowing({ destination, target, onCaughtUp }: LogBasedReplication): Promise<LiveVersion | null> {
  if (onCaughtUp !== null) return null;
  const states = await destination.runStore.readTables(target.source);
  const state = states.find(({ table }) => table === target.table);
  return state?.phase === 'following' ? { version: state.liveVersion, rowCount: state.liveRowCount } : null;
}

/** What passes by itself does not end a table that is followed without end; a run that ends leaves it to the next one. */
async function waitToRetry(run: LogBasedReplication, thrown: unknown, attempt: number): Promise<void> {
  if (run.signal.aborted) throw thrown;
  const error = toTributaryError(thrown);
  // A table that is deleted may be created again, or restored.
  const isWaitedFor = error.kind === 'permission' || error.code === 'TABLE_NOT_FOUND';
  // Somebody has moved the bookmarks, or follows the table, too: two that take it from each other help nobody.
  const passes = isWaitedFor || (error.kind === 'transient' && error.code !== 'FENCED');
  if (run.onCaughtUp !== null || !passes) throw thrown;
  const waitMs = backoffMs(attempt, RETRY_BACKOFF);
  const advice = isWaitedFor ? ` ${error.hint}.` : '';
  run.log.warning(
    `${run.target.table}: ${error.message} (${error.code}).${advice} Goes on from its bookmarks in ${Math.ceil(waitMs / 1000)} s`,
  );
  // The source may be out of reach when the run is stopped: then that is the end, as above.
  await run.clock.sleep(waitMs, run.signal).catch(() => {});
}

/** From the stored state to the end of the run; null when a gap was met and answered, and the state is to be read again. */
async function replicateOnce(run: LogBasedReplication, onCommit: () => void): Promise<LiveVersion | null> {
  const { target, log } = run;
  const facts = await describeSource(run);
  run.counters.expectedRows = facts.itemCount;
  const state = await readState(run);
  const waitsForStream = state !== null && (await waitsOnlyForStream(run, state));
  const units = await readUnits(run);
  const plan = planFollowing({ state, units, ...facts, waitsForStream, nowMs: run.clock.now() });
  const lacking = lackOf(facts);
  // What is missing now is the answer, and no new gap, where the table waits for it already or was never followed.
  if (lacking !== null && waitsForStream) throw withoutStream(run, { code: 'GAP_WAITS', detail: lacking.detail });
  if (lacking !== null && plan.kind === 'begin') {
    throw withoutStream(run, { code: 'SELECTION_INVALID', detail: lacking.detail });
  }
  if (plan.kind === 'waits') throw waitingTable(run, plan.phase);
  // What a stream held when it was disabled can be read for a day: whoever follows it finds its end, and that is the gap.
  const isDrained = lacking?.kind === 'stream-disabled' && plan.kind === 'follow';
  const found = (isDrained ? null : lacking) ?? (plan.kind === 'gap' ? plan.gap : null);
  if (found !== null) {
    await answerGap(run, { facts, found: { ...found, shardIds: [], fromMs: null, toMs: facts.foundAtMs } });
    return null;
  }
  if (plan.kind === 'begin') await begin(run, { plan, facts, answersReset: state?.resetRequested ?? false });
  if (plan.kind === 'follow') {
    log.info(`${target.table}: goes on with version ${plan.loading.version} from its bookmarks`);
  }
  try {
    return await followVersion(run, { facts, isNew: plan.kind === 'begin', onCommit });
  } catch (error) {
    if (!(error instanceof StreamGap)) throw error;
    // A stream that has ended may have been replaced already: that is another gap, and one that can be answered.
    if ((await run.describe(run.signal)).stream.arn !== facts.streamArn) return null;
    await answerGap(run, { facts, found: error });
    return null;
  }
}

/** The table as it is now, and AWS's time. */
export async function describeSource(run: LogBasedReplication): Promise<StreamFacts> {
  const facts = await run.describe(run.signal);
  return { ...facts, streamArn: facts.stream.arn ?? '', layout: layoutOf(run, facts), foundAtMs: run.awsTime.latest() };
}

/** Why the stream that the table has cannot be followed; null when it can. */
function lackOf({ stream }: StreamFacts): LossOfSource | null {
  if (!stream.enabled) return { kind: 'stream-disabled', detail: 'Its stream is disabled' };
  if (stream.viewType !== null && carriesNewImages(stream.viewType)) return null;
  return { kind: 'view-type-changed', detail: `Its stream has the view type ${stream.viewType}, without new images` };
}

function withoutStream(
  { target }: LogBasedReplication,
  { code, detail }: { readonly code: 'GAP_WAITS' | 'SELECTION_INVALID'; readonly detail: string },
): TributaryError {
  return new TributaryError(code, `${target.table} cannot be followed. ${detail}`, {
    hint: 'Enable a stream with new images; `tributary check` has the command',
  });
}

/** Captures the stream, durably, before the first page that counts is asked for: from then on nothing can be missed. */
async function begin(
  run: LogBasedReplication,
  options: {
    readonly plan: Extract<FollowPlan, { kind: 'begin' }>;
    readonly facts: StreamFacts;
    readonly answersReset: boolean;
  },
): Promise<void> {
  const { target, destination, awsTime, clock, signal, log } = run;
  const { plan, facts, answersReset } = options;
  const segments = await newSegments(run, facts, createScanSource(run, facts));
  const listing = await listCompletely({
    ...run,
    log: tapLog(run),
    rate: run.describeRate,
    streamArn: facts.streamArn,
  });
  const { base } = plan;
  const shards = captureStream(listing.shards, { awsNowMs: awsTime.now(), base, laneCount: LANE_COUNT });
  log.info(
    `${target.table}: begins version ${plan.version} with ${plural(segments.length, 'segment')} and ${plural(shards.length, 'shard')}: ${plan.reason}`,
  );
  await destination.refresh.begin(
    {
      ...target,
      destinationSchema: run.destinationSchema,
      destinationTable: run.destinationTable,
      version: plan.version,
      base,
      placement: plan.placement,
      identity: facts.identity,
      layout: facts.layout,
      stream: { arn: facts.streamArn, laneCount: LANE_COUNT, gapCount: 0, gapEndMs: null },
      units: [...segments, ...shards],
      ...(await startingSchema(run, facts.key, plan)),
      answersReset,
      gaps: plan.gap === null ? [] : await gapsBefore(run, { facts, loss: plan.gap }),
      nowMs: clock.now(),
    },
    { signal },
  );
}

function waitingTable({ target }: LogBasedReplication, phase: 'gap' | 'failed'): TributaryError {
  return phase === 'gap'
    ? waitingGap(target.table, `${target.table} has a gap and waits for a decision`)
    : new TributaryError('SNAPSHOT_FAILED', `The reading of ${target.table} has failed and waits for a decision`);
}
