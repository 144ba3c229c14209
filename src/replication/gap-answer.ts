import { randomUUID } from 'node:crypto';
import { captureStream, recaptureShards } from '../extract/streams/capture.ts';
import { listCompletely } from '../extract/streams/list-completely.ts';
import type { Gap, GapKind } from '../model/gap.ts';
import { isCertainlyHeld } from '../model/retention.ts';
import type { FollowedStream, LoadingVersion, TableState } from '../model/table-state.ts';
import { parseSegmentUnit, parseShardUnit, type UnitId } from '../model/unit.ts';
import { type NewUnit, UNKNOWN_TIME_MS, type UnitState } from '../model/unit-state.ts';
import { TributaryError } from '../platform/errors.ts';
import { formatDuration, formatTime } from '../platform/format.ts';
import type { LossOfSource } from '../state/follow-plan.ts';
import { type GapReaction, reactToGap } from '../state/gap-reaction.ts';
import { nextBase } from '../state/next-base.ts';
import type { LogBasedReplication, StreamFacts } from './log-based-replication.ts';
import { createScanSource, newSegments } from './scan-segments.ts';
import { readState, readUnits, tapLog } from './table-replication.ts';

/** Lost changes as they were found: of some shards, or of the whole stream when it names none. */
interface FoundGap {
  readonly kind: GapKind;
  readonly shardIds: readonly string[];
  /** Null: from what is verified on. */
  readonly fromMs: number | null;
  readonly toMs: number;
  readonly detail: string;
}

interface Loaded {
  readonly state: TableState;
  readonly loading: LoadingVersion;
  readonly stream: FollowedStream;
  readonly units: readonly UnitState[];
}

/** Without a stream that carries images there is nothing to read again from: the table waits for one. */
const WITHOUT_STREAM: ReadonlySet<GapKind> = new Set(['stream-disabled', 'view-type-changed']);

/**
 * Records lost changes and does what the policy of the table says: raises the base, so that everything is read again in
 * place, or stops the table, which rejects with GAP_WAITS or SNAPSHOT_FAILED.
 */
export async function answerGap(
  run: LogBasedReplication,
  { facts, found }: { readonly facts: StreamFacts; readonly found: FoundGap },
): Promise<void> {
  const loaded = await readLoaded(run);
  const { state, stream } = loaded;
  const waitsForStream = await waitsOnlyForStream(run, state);
  const nowMs = run.awsTime.now();
  const reaction = reactToGap({ policy: run.onGap, state, gapCount: stream.gapCount, waitsForStream, nowMs });
  const gaps = gapRecords(run, { loaded, found, reaction });
  const canResync = reaction === 'resync' && !WITHOUT_STREAM.has(found.kind);
  for (const gap of gaps) logGap(run, gap, canResync ? 'It is read again in place' : WAITING[reaction]);
  if (canResync) {
    await resync(run, { facts, loaded, gaps, lostShards: found.shardIds });
    return;
  }
  const { version, base } = loaded.loading;
  const phase = reaction === 'failed' ? 'failed' : 'gap';
  await gapsOf(run).halt({ ...run.target, version, base, phase, gaps }, { signal: run.signal });
  throw haltedTable(run, { facts, found, reaction });
}

/** Reads a table again because a person wants it: everything is captured anew, whatever state the table is in. */
export async function resyncTable(run: LogBasedReplication, facts: StreamFacts): Promise<void> {
  const loaded = await readLoaded(run);
  run.log.info(`${run.target.table}: is read again in place, as was asked for`);
  await resync(run, { facts, loaded, gaps: [], lostShards: null });
}

/** `lostShards` null: all shards are captured anew. */
async function resync(
  run: LogBasedReplication,
  options: {
    readonly facts: StreamFacts;
    readonly loaded: Loaded;
    readonly gaps: readonly Gap[];
    readonly lostShards: readonly string[] | null;
  },
): Promise<void> {
  const { facts, loaded, gaps, lostShards } = options;
  const { state, loading, stream, units } = loaded;
  const { streamArn } = facts;
  const raisedBase = nextBase({ state, units, nowMs: run.clock.now() });
  const segments = await newSegments(run, facts, createScanSource(run, facts));
  const { shards } = await listCompletely({ ...run, log: tapLog(run), rate: run.describeRate, streamArn });
  const awsNowMs = run.awsTime.now();
  const capture = { awsNowMs, base: raisedBase, laneCount: stream.laneCount };
  const isWhole = lostShards === null || streamArn !== stream.arn || facts.identity !== loading.identity;
  const { captured, dropped } = isWhole
    ? withoutOldShards(units, captureStream(shards, capture))
    : recaptureShards(units, shards, [...lostShards, ...shardsOutOfReach(units, awsNowMs)], capture);
  // Gaps count from the beginning of a reading on: one that was halted in the middle goes on counting.
  const isFirst = lostShards === null || !units.some(({ unit }) => parseSegmentUnit(unit) !== null);
  await gapsOf(run).resync(
    {
      ...run.target,
      version: loading.version,
      base: loading.base,
      raisedBase,
      identity: facts.identity,
      stream: {
        ...stream,
        arn: streamArn,
        gapCount: (isFirst ? 0 : stream.gapCount) + Math.min(1, gaps.length),
        gapEndMs: gaps.reduce((end, { toMs }) => Math.max(end, toMs), gaps.length === 0 ? awsNowMs : 0),
      },
      segments,
      captured,
      dropped,
      gaps,
      asked: gaps.length === 0,
      // By AWS's clock, as it is compared with.
      nowMs: awsNowMs,
    },
    { signal: run.signal },
  );
}

/**
 * Unfinished shards that the same outage has put out of reach, or may have: they are captured again with those that were
 * found to be lost, or they would be found one after the other, each as another gap.
 */
function shardsOutOfReach(units: readonly UnitState[], awsNowMs: number): readonly string[] {
  return units.flatMap(({ unit, position, shard }) => {
    const shardId = parseShardUnit(unit);
    if (shardId === null || shard === null || position === 'end') return [];
    return isCertainlyHeld(shard.verifiedThroughMs, awsNowMs) ? [] : [shardId];
  });
}

function withoutOldShards(
  units: readonly UnitState[],
  captured: readonly NewUnit[],
): { readonly captured: readonly NewUnit[]; readonly dropped: readonly UnitId[] } {
  const kept = new Set(captured.map(({ unit }) => unit));
  const dropped = units.flatMap(({ unit, shard }) => (shard === null || kept.has(unit) ? [] : [unit]));
  return { captured, dropped };
}

async function readLoaded(run: LogBasedReplication): Promise<Loaded> {
  const state = await readState(run);
  const loading = state?.loading ?? null;
  const stream = loading?.stream ?? null;
  if (state === null || loading === null || stream === null) {
    throw new TributaryError('STATE_INVALID', `${run.target.table} was never replicated through its stream`);
  }
  return { state, loading, stream, units: await readUnits(run) };
}

/** Whether the table was halted only because it had no stream to follow, and goes on by itself when there is one. */
export async function waitsOnlyForStream(
  { destination, target, onGap }: LogBasedReplication,
  state: TableState,
): Promise<boolean> {
  if (state.phase !== 'gap' || onGap !== 'resync') return false;
  const gaps = await destination.runStore.readGaps(target.source);
  // The latest is the one that has halted it; older ones wait for the same reading.
  const latest = gaps.find(({ table, resolvedAtMs }) => table === target.table && resolvedAtMs === null);
  return latest !== undefined && WITHOUT_STREAM.has(latest.kind);
}

/** The records of what was lost with a version that another one is begun in place of. */
export async function gapsBefore(
  run: LogBasedReplication,
  { facts, loss }: { readonly facts: StreamFacts; readonly loss: LossOfSource },
): Promise<readonly Gap[]> {
  const loaded = await readLoaded(run);
  const found = { ...loss, shardIds: [], fromMs: null, toMs: facts.foundAtMs };
  const gaps = gapRecords(run, { loaded, found, reaction: 'resync' });
  for (const gap of gaps) logGap(run, gap, 'The version that is begun reads everything');
  return gaps;
}

function gapRecords(
  { target, clock }: LogBasedReplication,
  { loaded, found, reaction }: { readonly loaded: Loaded; readonly found: FoundGap; readonly reaction: GapReaction },
): readonly Gap[] {
  const { units, loading, stream } = loaded;
  const unfinished = units.filter(({ position }) => position !== 'end');
  const record = (shard: string | null, of: readonly UnitState[]): Gap => {
    const verified = of.flatMap(({ shard: bookmark }) => (bookmark === null ? [] : [bookmark.verifiedThroughMs]));
    // Spread arguments are bounded, shards are not.
    const fromMs = verified.reduce<number | null>((least, ms) => Math.min(least ?? ms, ms), null) ?? found.fromMs;
    return {
      gapId: randomUUID(),
      ...target,
      version: loading.version,
      kind: found.kind,
      streamArn: stream.arn,
      shard,
      fromMs: fromMs === UNKNOWN_TIME_MS ? null : fromMs,
      toMs: found.toMs,
      detectedAtMs: clock.now(),
      detail: found.detail,
      reaction,
      resolvedAtMs: null,
    };
  };
  if (found.shardIds.length === 0) return [record(null, unfinished)];
  return found.shardIds.map((shardId) =>
    record(
      shardId,
      units.filter(({ unit }) => parseShardUnit(unit) === shardId),
    ),
  );
}

const WAITING: Readonly<Record<GapReaction, string>> = {
  resync: 'It waits for a stream with new images',
  waits: 'It waits for a decision',
  failed: 'It has lost changes too often and waits for a decision',
};

function logGap({ log }: LogBasedReplication, gap: Gap, answer: string): void {
  const from = gap.fromMs === null ? 'an unknown time' : formatTime(gap.fromMs);
  const where = gap.shard === null ? '' : ` of shard ${gap.shard}`;
  log.warning(
    `${gap.table}: gap (${gap.kind}): changes${where} between ${from} and ${formatTime(gap.toMs)} may be missing. ` +
      `${gap.detail}. ${answer}`,
  );
}

function haltedTable(
  { target, awsTime }: LogBasedReplication,
  options: { readonly facts: StreamFacts; readonly found: FoundGap; readonly reaction: GapReaction },
): TributaryError {
  const { facts, found, reaction } = options;
  const { table } = target;
  if (reaction === 'resync') {
    return new TributaryError('GAP_WAITS', found.detail, {
      hint: 'Enable a stream with new images (`tributary check` has the command), then run again: the table is read again in place',
    });
  }
  if (reaction === 'waits') return waitingGap(table, `Changes were lost. ${found.detail}`);
  const behind = found.fromMs === null ? '' : `, behind by ${formatDuration(awsTime.now() - found.fromMs)}`;
  return new TributaryError(
    'SNAPSHOT_FAILED',
    `${table} has lost changes three times while it was read${behind}: reading it within 12 hours takes about ${unitsToRead(facts)} RCU a second`,
  );
}

/** A gap that a person decides about. */
export function waitingGap(table: string, message: string): TributaryError {
  return new TributaryError('GAP_WAITS', message, {
    hint:
      `Look at \`tributary gaps --table ${table}\`. \`tributary reset --table ${table} --in-place\` and then \`tributary sync\` ` +
      'read the table again while readers keep what is there',
  });
}

/** Eventually consistent reads: half a unit for 4 KB (Developer Guide, Read consistency). */
function unitsToRead({ sizeBytes }: StreamFacts): number {
  return Math.max(1, Math.ceil(sizeBytes / 8192 / (12 * 3600)));
}

function gapsOf({ destination, target }: LogBasedReplication): NonNullable<LogBasedReplication['destination']['gaps']> {
  if (destination.gaps !== undefined) return destination.gaps;
  throw new TributaryError('BUG', `${target.table} follows a stream into a destination that takes no changes`);
}
