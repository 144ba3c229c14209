import { type AwsTime, DATE_PRECISION_MS } from '../../connection/aws-time.ts';
import type { StreamCalls } from '../../connection/stream-calls.ts';
import { shardPosition, shardStart } from '../../model/position.ts';
import { isCertainlyHeld } from '../../model/retention.ts';
import type { Clock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import {
  type RecordsOptions,
  type RecordsPage,
  recordsAfter,
  transcodeRecordsPage,
} from '../../transcode/records-page.ts';
import type { PageMemory } from '../page-memory.ts';
import { createPatience } from '../patience.ts';
import { caughtUpBy, type EmptyAnswer } from './caught-up.ts';
import { judgeRefusal } from './refusal.ts';
import { LEAST_EXPECTED_BYTES, numberReadThrough, provenPosition, type ShardReading } from './shard-reading.ts';
import type { ShardTree } from './shard-tree.ts';
import type { Loss } from './stream-gap.ts';
import type { StreamSink } from './stream-sink.ts';

export interface ShardReaderOptions {
  readonly streamArn: string;
  readonly calls: StreamCalls;
  readonly awsTime: Pick<AwsTime, 'now'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly transcode: RecordsOptions;
  readonly memory: PageMemory;
  readonly sink: Pick<StreamSink, 'changes' | 'verified'>;
  readonly tree: Pick<ShardTree, 'isClosed' | 'startingSequenceNumber' | 'mark' | 'listedMark'>;
  /** Whether the shard is to be asked at short intervals until it is caught up. */
  readonly isHurried: (reading: ShardReading) => boolean;
  /** A shard refuses to be read: a listing has to show whether it is still there, and open. */
  readonly onRefusal: () => void;
  readonly signal: AbortSignal;
}

export type ReadOutcome =
  | { readonly kind: 'again'; readonly delayMs: number }
  | { readonly kind: 'ended' }
  | { readonly kind: 'lost'; readonly loss: Loss };

/** The most that GetRecords takes. */
const RECORD_LIMIT = 1000;
/** GetRecords answers with up to 1 MB of records, by DynamoDB's count; as JSON and with its tape a page has several. */
const MOST_EXPECTED_BYTES = 4 * 1024 * 1024;
/** A string of 21 to 40 digits, as V8 keeps it. */
const SEQUENCE_NUMBER_BYTES = 64;
/** Iterators last 15 minutes (API Reference, GetShardIterator). */
const ITERATOR_LIFE_MS = 14 * 60_000;
/** ApproximateCreationDateTime is cut to the second, and is no exact order. */
const CREATION_TOLERANCE_MS = 2_000;
/** Records older than this when they are read have others behind them. */
const BACKLOG_AGE_MS = 3_000;
const IDLE = { firstMs: 250, maxMs: 5_000, hurriedMaxMs: 500 };

/** One whole answer of GetRecords. */
interface Answer {
  readonly records: RecordsPage;
  readonly bodyBytes: number;
  readonly answeredAtMs: number;
  readonly asked: EmptyAnswer;
}

/**
 * Reads shards, one answer at a time, from where they stand. `read` hands the records to the sink, moves the reading, and
 * resolves to what comes next; faults of the source end in `again` while patience lasts, lost changes in `lost`. Rejects
 * with what no waiting helps against, or with the reason of the signal.
 */
export function createShardReader(options: ShardReaderOptions): {
  readonly read: (reading: ShardReading) => Promise<ReadOutcome>;
} {
  const { awsTime, clock, log, memory, sink, tree, signal } = options;

  const read = async (reading: ShardReading): Promise<ReadOutcome> => {
    const reservedBytes = reading.expectedBytes;
    await memory.reserve(reservedBytes, signal);
    let answer: Answer | null;
    try {
      answer = mayHaveSkipped(reading) ? null : await ask(reading);
      signal.throwIfAborted();
    } catch (error) {
      memory.release(reservedBytes);
      signal.throwIfAborted();
      return judgeError(reading, error);
    }
    if (answer === null) {
      memory.release(reservedBytes);
      return lost(reading, 'may-have-been-trimmed', 'it has no number to go on from, and was verified too long ago');
    }
    return take(reading, answer, reservedBytes);
  };

  /** Without a number to start at, the oldest record is taken for the first one that is owed. */
  const mayHaveSkipped = ({ iterator, fromHorizon, position, verifiedThroughMs }: ShardReading): boolean =>
    iterator === null && (fromHorizon || position === 'start') && !isCertainlyHeld(verifiedThroughMs, awsTime.now());

  const ask = async (reading: ShardReading): Promise<Answer> => {
    const { shardId } = reading;
    if (clock.now() - reading.iteratorSinceMs >= ITERATOR_LIFE_MS) reading.iterator = null;
    reading.iterator ??= await open(reading);
    const asked = { askedAwsMs: awsTime.now(), askedMs: clock.now() };
    const request = { shardId, iterator: reading.iterator, limit: RECORD_LIMIT };
    const { body, answeredAtMs } = await options.calls.records(request, { signal });
    const records = transcodeRecordsPage(body, options.transcode);
    return {
      records,
      bodyBytes: body.byteLength,
      answeredAtMs: answeredAtMs ?? awsTime.now(),
      asked: notAfter(asked, answeredAtMs),
    };
  };

  const open = async (reading: ShardReading): Promise<string> => {
    const { shardId, position } = reading;
    const { streamArn, calls } = options;
    reading.readThrough = reading.fromHorizon ? numberReadThrough(position) : null;
    const start = (reading.fromHorizon ? null : shardStart(position)) ?? { kind: 'trim-horizon' };
    const iterator = await calls.iterator({ streamArn, shardId, start }, { signal });
    reading.iteratorSinceMs = clock.now();
    return iterator;
  };

  const take = (reading: ShardReading, answer: Answer, reservedBytes: number): ReadOutcome => {
    const { shardId, readThrough } = reading;
    Object.assign(reading, { fromHorizon: false, patience: null, refusal: null, hasExpired: false, hasAnswered: true });
    reading.iterator = answer.records.nextShardIterator;
    reading.iteratorSinceMs = clock.now();
    const records = readThrough === null ? answer.records : recordsAfter(answer.records, readThrough);
    const bytes = pageBytes(records, answer.bodyBytes);
    reading.expectedBytes = Math.min(Math.max(bytes, LEAST_EXPECTED_BYTES), MOST_EXPECTED_BYTES);
    const heldBytes = records.page.rowCount > 0 ? bytes : 0;
    if (heldBytes > 0) memory.adjust(reservedBytes, heldBytes);
    else memory.release(reservedBytes);

    if (answer.records.recordCount === 0) noteEmptyAnswer(reading, answer.asked);
    else {
      reading.emptyAnswers.length = 0;
      reading.emptyCount = 0;
    }
    const { lastSequenceNumber, lastCreatedAtMs } = records;
    if (lastSequenceNumber !== null) {
      const from = reading.position;
      const to = shardPosition('after', lastSequenceNumber);
      reading.readThrough = null;
      reading.position = to;
      const appliedThroughMs = (lastCreatedAtMs ?? 0) - CREATION_TOLERANCE_MS;
      // The first records of a captured shard are older than the capture. From then on newer ones are owed: what the Scan
      // has brought of the same keys is covered by these.
      reading.verifiedThroughMs =
        from === 'start' ? appliedThroughMs : Math.max(reading.verifiedThroughMs, appliedThroughMs);
      const { verifiedThroughMs } = reading;
      const times = { answeredAtMs: answer.answeredAtMs, receivedAtMs: clock.now(), verifiedThroughMs };
      sink.changes({ shardId, from, to, records, heldBytes, ...times });
    }
    if (records.nextShardIterator === null) return { kind: 'ended' };
    return { kind: 'again', delayMs: nextDelayMs(reading, answer.records) };
  };

  const noteEmptyAnswer = (reading: ShardReading, asked: EmptyAnswer): void => {
    const { shardId, position: from } = reading;
    reading.emptyCount += 1;
    const throughMs = caughtUpBy(reading.emptyAnswers, asked);
    // A shard that is closed has an end: before that nothing proves that no records are left.
    if (throughMs === null || reading.iterator === null || tree.isClosed(shardId)) return;
    const to = provenPosition(from, tree.startingSequenceNumber(shardId));
    if (throughMs <= reading.verifiedThroughMs && to === from) return;
    reading.position = to;
    reading.verifiedThroughMs = Math.max(reading.verifiedThroughMs, throughMs);
    sink.verified({ shardId, from, to, verifiedThroughMs: reading.verifiedThroughMs });
  };

  const nextDelayMs = (reading: ShardReading, { recordCount, lastCreatedAtMs }: RecordsPage): number => {
    const { emptyCount, shardId } = reading;
    if (emptyCount === 0) {
      const isBacklog = recordCount >= RECORD_LIMIT || awsTime.now() - (lastCreatedAtMs ?? 0) > BACKLOG_AGE_MS;
      return isBacklog ? 0 : IDLE.firstMs;
    }
    const mostMs = tree.isClosed(shardId) || options.isHurried(reading) ? IDLE.hurriedMaxMs : IDLE.maxMs;
    return Math.min(IDLE.firstMs * 2 ** (emptyCount - 1), mostMs);
  };

  /** What comes after a read that has failed; throws what no waiting helps against. */
  const judgeError = (reading: ShardReading, error: unknown): ReadOutcome => {
    const code = error instanceof TributaryError ? error.code : null;
    if (code === 'STREAM_TRIMMED' || code === 'STREAM_NOT_FOUND') return judgeRefused(reading, code);
    const isOpening = reading.iterator === null;
    if (isOpening && (code === 'STREAM_POSITION_REFUSED' || code === 'REQUEST_REFUSED')) {
      // Some endpoints do not take the first number of a shard for a position.
      if (!reading.position.startsWith('at ') || reading.fromHorizon) throw error;
      log.warning(
        `Shard ${reading.shardId} cannot be read from its first number: it is read from its oldest record on`,
      );
      reading.fromHorizon = true;
      return { kind: 'again', delayMs: 0 };
    }
    if (code === 'ITERATOR_EXPIRED') {
      reading.iterator = null;
      const isFirst = !reading.hasExpired;
      reading.hasExpired = true;
      if (isFirst) return { kind: 'again', delayMs: 0 };
    }
    reading.patience ??= createPatience({ clock, onWait: (message) => log.warning(message) });
    return { kind: 'again', delayMs: reading.patience.delayMs(error) };
  };

  const judgeRefused = (reading: ShardReading, code: 'STREAM_TRIMMED' | 'STREAM_NOT_FOUND'): ReadOutcome => {
    const { shardId, verifiedThroughMs } = reading;
    const isFirst = reading.refusal === null;
    reading.refusal ??= { sinceMs: clock.now(), mark: tree.mark() };
    reading.iterator = null;
    const verdict = judgeRefusal({
      ...{ code, isFirst, refusal: reading.refusal, verifiedThroughMs },
      ...{ nowMs: clock.now(), awsNowMs: awsTime.now() },
      ...{ isClosed: tree.isClosed(shardId), isListedSince: tree.listedMark() > reading.refusal.mark },
    });
    const what = code === 'STREAM_TRIMMED' ? 'answers that records are trimmed' : 'is said not to exist';
    if (verdict.kind === 'lost') return lost(reading, verdict.gap, `it ${what}`);
    if (verdict.kind === 'finished') {
      log.info(`Shard ${shardId} is closed and ${what}; nothing in it is old enough for that, so it is empty`);
      return { kind: 'ended' };
    }
    if (isFirst) {
      log.warning(`Shard ${shardId} ${what}, which is not sure yet: it is asked again`);
      options.onRefusal();
    }
    reading.fromHorizon = verdict.fromHorizon;
    return { kind: 'again', delayMs: verdict.delayMs };
  };

  return { read };
}

/** A step of our clock shows with the answer at the latest, which was stamped after it was asked for. */
function notAfter(asked: EmptyAnswer, answeredAtMs: number | null): EmptyAnswer {
  const isAhead = answeredAtMs !== null && asked.askedAwsMs >= answeredAtMs + DATE_PRECISION_MS;
  return isAhead ? { ...asked, askedAwsMs: answeredAtMs } : asked;
}

function lost({ shardId, verifiedThroughMs: fromMs }: ShardReading, kind: Loss['kind'], what: string): ReadOutcome {
  return { kind: 'lost', loss: { kind, shardId, fromMs, detail: `Shard ${shardId}: ${what}` } };
}

function pageBytes({ page, changes }: RecordsPage, bodyBytes: number): number {
  const tapeBytes = page.tape.byteLength + page.rowStarts.byteLength;
  const numberBytes = changes.sequenceNumbers.length * SEQUENCE_NUMBER_BYTES;
  const changeBytes = changes.kinds.byteLength + changes.createdAtMs.byteLength + numberBytes;
  return bodyBytes + tapeBytes + changeBytes;
}
