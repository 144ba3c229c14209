import { DATE_PRECISION_MS } from '../connection/aws-time.ts';
import { parseSegmentUnit } from '../model/unit.ts';
import { besideStream, untilCaughtUp } from './beside-stream.ts';
import { createScanSource, readSegments } from './scan-segments.ts';
import type { VersionSession } from './version-session.ts';

/** AWS keeps a shard open for about this long. */
const TURN_MS = 4 * 3_600_000;
/**
 * Eventually consistent reads are rarely more than a second old. What was written at the end of a gap must not be missed
 * by a Scan that begins right then.
 */
const AFTER_GAP_MS = 60_000;
/** Waiting for that takes longer than to read such a table consistently, at twice the capacity. */
const SMALL_TABLE_BYTES = 100 * 1024 * 1024;

/**
 * Reads the segments that are left while the stream is read as well; the destination compares what comes from both.
 * Resolves to a time, by AWS's clock, before which the last page was answered; null when nothing was left.
 */
export async function scanBeside(session: VersionSession, signal: AbortSignal): Promise<number | null> {
  if (!isUnfinished(session)) return null;
  return await scan(session, { consistentRead: await readsAfterGap(session, signal), signal });
}

/**
 * The form for destinations that cannot compare: the Scan first, then the stream. No change is emitted between sending a
 * Scan request and emitting its rows; and from the first change on reads are consistent, so that no row is older than a
 * change that was emitted before it. A Scan that takes long gives way to the stream every four hours, before it is lost.
 */
export async function scanInTurns(session: VersionSession): Promise<number | null> {
  const { run, loader, signal } = session;
  let answeredMs: number | null = null;
  for (let hasChanges = !session.isNew; isUnfinished(session); hasChanges = true) {
    answeredMs = (await scanTurn(session, { consistentRead: hasChanges || run.consistentRead, signal })) ?? answeredMs;
    await loader.flush();
    if (!isUnfinished(session)) break;
    run.log.info(`${run.target.table}: the Scan gives way to the stream`);
    await besideStream(session, (follower, streamSignal) =>
      untilCaughtUp(session, follower, { atMs: run.awsTime.now(), signal: streamSignal }),
    );
    await loader.flush();
  }
  return answeredMs;
}

interface ScanOptions {
  readonly consistentRead: boolean;
  readonly signal: AbortSignal;
}

/** Reads until the segments or the turn are at their end. */
async function scanTurn(session: VersionSession, { consistentRead, signal }: ScanOptions): Promise<number | null> {
  const turn = new AbortController();
  const timer = new AbortController();
  session.run.clock.sleep(TURN_MS, timer.signal).then(
    () => turn.abort(TURN_OVER),
    () => {},
  );
  try {
    return await scan(session, { consistentRead, signal: AbortSignal.any([signal, turn.signal]) });
  } catch (error) {
    if (error !== TURN_OVER) throw error;
    return null;
  } finally {
    timer.abort();
  }
}

const TURN_OVER = new Error('The turn of the Scan is over');

/** Waits for its place among the tables that are scanned. */
async function scan(session: VersionSession, { consistentRead, signal }: ScanOptions): Promise<number | null> {
  const { run, facts, names, progress, loader } = session;
  const giveBack = await run.scanSlots.take(signal);
  try {
    const source = { ...createScanSource(run, facts, names), consistentRead };
    const answeredMs = await readSegments(run, { source, progress, loader, signal });
    return answeredMs === null ? null : answeredMs + DATE_PRECISION_MS;
  } finally {
    giveBack();
  }
}

/** Whether to read consistently: right after a gap, unless that has been waited out. */
async function readsAfterGap({ run, facts, stream }: VersionSession, signal: AbortSignal): Promise<boolean> {
  const leftMs = stream.gapEndMs === null ? 0 : stream.gapEndMs + AFTER_GAP_MS - run.awsTime.now();
  if (leftMs <= 0 || run.consistentRead) return run.consistentRead;
  if (facts.sizeBytes <= SMALL_TABLE_BYTES) return true;
  await run.clock.sleep(leftMs, signal);
  return false;
}

function isUnfinished({ progress }: VersionSession): boolean {
  return progress.units().some(({ unit, position }) => parseSegmentUnit(unit) !== null && position !== 'end');
}
