import type { Account } from './account.ts';
import type { Fault } from './faults.ts';
import { type Fields, optionalFields, optionalInteger, optionalText } from './request-fields.ts';
import { modelError, trimmedDataAccess, validationError } from './service-error.ts';
import { iteratorToken, parseIterator } from './shard-iterator.ts';
import type { Stream } from './stream.ts';
import { recordJson } from './stream-record.ts';
import type { StreamShard } from './stream-shard.ts';

const MAX_LISTED_STREAMS = 100;
const MAX_LISTED_SHARDS = 100;
const MAX_RECORDS = 1000;
/** GetShardIterator: "A shard iterator expires 15 minutes after it is returned to the requester." */
const ITERATOR_LIFE_MS = 15 * 60 * 1000;
/** API reference, GetShardIterator: length of SequenceNumber. */
const SEQUENCE_NUMBER_LENGTH = { min: 21, max: 40 };

/** What an action of streams needs to know beside the request itself. */
interface StreamCall {
  readonly reader: string;
  readonly crowded: boolean;
  readonly fault: Fault | null;
}

type StreamAction = (account: Account, request: Fields, call: StreamCall) => string | object;

export const STREAM_ACTIONS: ReadonlyMap<string, StreamAction> = new Map<string, StreamAction>([
  ['DescribeStream', describeStream],
  ['GetRecords', getRecords],
  ['GetShardIterator', getShardIterator],
  ['ListStreams', listStreams],
]);

function listStreams({ streams }: Account, request: Fields): object {
  const limit = checkedLimit(request, MAX_LISTED_STREAMS, 'Limit cannot be greater than the maximum allowed size: 100');
  const table = optionalText(request, 'TableName');
  const startAfter = optionalText(request, 'ExclusiveStartStreamArn') ?? '';
  const wanted = streams
    .all()
    .filter(({ arn, tableName }) => (table === undefined || tableName === table) && arn > startAfter);
  const page = wanted.slice(0, limit);
  const last = page.at(-1);
  return {
    Streams: page.map(({ arn, tableName, label }) => ({ StreamArn: arn, TableName: tableName, StreamLabel: label })),
    ...(wanted.length > limit && last !== undefined ? { LastEvaluatedStreamArn: last.arn } : {}),
  };
}

function describeStream({ streams }: Account, request: Fields): object {
  streams.limits.admitDescribe();
  const limit = checkedLimit(request, MAX_LISTED_SHARDS, 'Limit cannot be greater than the maximum: 100');
  const stream = streams.stream(requiredArn(request));
  const parentId = filteredParent(request);
  const startAfter = optionalText(request, 'ExclusiveStartShardId') ?? null;
  const { shards, lastEvaluatedId } =
    parentId === null
      ? stream.listing.page({ startAfter, limit })
      : { shards: stream.listing.children(parentId), lastEvaluatedId: null };
  return {
    StreamDescription: {
      StreamArn: stream.arn,
      StreamLabel: stream.label,
      StreamStatus: stream.isEnabled ? 'ENABLED' : 'DISABLED',
      StreamViewType: stream.viewType,
      CreationRequestDateTime: stream.enabledAtMs / 1000,
      TableName: stream.tableName,
      KeySchema: stream.key.map(({ name }, index) => ({
        AttributeName: name,
        KeyType: index === 0 ? 'HASH' : 'RANGE',
      })),
      Shards: shards.map(describeShard),
      ...(lastEvaluatedId === null ? {} : { LastEvaluatedShardId: lastEvaluatedId }),
    },
  };
}

function filteredParent(request: Fields): string | null {
  const filter = optionalFields(request, 'ShardFilter');
  if (filter === undefined) return null;
  if (optionalText(filter, 'Type') !== 'CHILD_SHARDS') {
    throw validationError('Member must satisfy enum value set: [CHILD_SHARDS]');
  }
  const parentId = optionalText(filter, 'ShardId');
  if (parentId === undefined) throw validationError('ShardFilter of type CHILD_SHARDS needs a ShardId');
  return parentId;
}

function describeShard({ id, parentId, startingSequenceNumber, endingSequenceNumber }: StreamShard): object {
  return {
    ShardId: id,
    SequenceNumberRange: {
      StartingSequenceNumber: String(startingSequenceNumber),
      ...(endingSequenceNumber === null ? {} : { EndingSequenceNumber: String(endingSequenceNumber) }),
    },
    ...(parentId === null ? {} : { ParentShardId: parentId }),
  };
}

function getShardIterator({ streams }: Account, request: Fields, { fault }: StreamCall): object {
  const type = optionalText(request, 'ShardIteratorType');
  const number = checkedSequenceNumber(request, type);
  const stream = streams.stream(requiredArn(request));
  const shard = stream.listing.get(optionalText(request, 'ShardId') ?? '');
  if (shard === null) throw modelError('ResourceNotFoundException', 'Shard does not exist');
  stream.trim(shard, streams.now());
  if (fault?.kind === 'refuse-start' && type === 'AT_SEQUENCE_NUMBER' && number === shard.startingSequenceNumber) {
    throw validationError('Invalid SequenceNumber for the shard');
  }
  const position = startPosition({ stream, shard, type, number, nowMs: streams.now() });
  return { ShardIterator: tokenOf(stream, { shard, position, nowMs: streams.now() }) };
}

/** The number that goes with the type of iterator. */
function checkedSequenceNumber(request: Fields, type: string | undefined): bigint | null {
  const text = optionalText(request, 'SequenceNumber');
  switch (type) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      if (text === undefined) return null;
      throw validationError(
        'One or more parameter values were invalid: SequenceNumber should not be passed for this iterator type',
      );
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      const { min, max } = SEQUENCE_NUMBER_LENGTH;
      if (text === undefined || !/^\d+$/.test(text) || text.length < min || text.length > max) {
        throw validationError('One or more parameter values were invalid: Invalid SequenceNumber');
      }
      return BigInt(text);
    }
    default:
      throw validationError('Invalid ShardIteratorType.');
  }
}

function startPosition({
  stream,
  shard,
  type,
  number,
  nowMs,
}: {
  readonly stream: Stream;
  readonly shard: StreamShard;
  readonly type: string | undefined;
  readonly number: bigint | null;
  readonly nowMs: number;
}): bigint {
  if (number === null) {
    return type === 'LATEST' ? shard.positionBehind(nowMs - stream.propagationDelayMs) : shard.trimHorizon;
  }
  const { startingSequenceNumber: first, endingSequenceNumber: last } = shard;
  // An open shard may still get the number; that of another shard is refused where it shows.
  if (number < first || (last !== null && number > last)) {
    throw validationError('Invalid SequenceNumber for the shard');
  }
  return type === 'AFTER_SEQUENCE_NUMBER' ? number + 1n : number;
}

function getRecords({ streams, region }: Account, request: Fields, { reader, crowded, fault }: StreamCall): string {
  const limit = checkedLimit(
    request,
    MAX_RECORDS,
    'One or more parameter values were invalid: Limit should be less than or equal to 1000',
  );
  const iterator = parseIterator(optionalText(request, 'ShardIterator'));
  const stream = streams.stream(iterator.streamArn);
  const nowMs = streams.now();
  const ageMs = nowMs - iterator.issuedAtMs;
  if (ageMs < 0 || ageMs > ITERATOR_LIFE_MS || iterator.generation < stream.iteratorGeneration) {
    throw modelError(
      'ExpiredIteratorException',
      `Iterator expired. It was created ${ageMs} ms ago and is good for ${ITERATOR_LIFE_MS} ms`,
    );
  }
  const shard = stream.listing.get(iterator.shardId);
  if (shard === null || shard.expired) {
    throw modelError('ResourceNotFoundException', 'Invalid ShardId in ShardIterator');
  }
  streams.limits.admitRead(shard, { crowded, reader });
  stream.trim(shard, nowMs);
  if (shard.hasTrimmed(iterator.position)) throw trimmedDataAccess();
  const { records, next } = shard.read({
    from: iterator.position,
    limit: cutLimit(fault, limit),
    visibleUntilMs: nowMs - stream.propagationDelayMs,
  });
  const texts = records.map((record) =>
    recordJson(record, { eventIdSuffix: shard.eventIdSuffix, region, viewType: stream.viewType }),
  );
  const token =
    next === null ? '' : `,"NextShardIterator":${JSON.stringify(tokenOf(stream, { shard, position: next, nowMs }))}`;
  return `{"Records":[${texts.join(',')}]${token}}`;
}

/** Answers may hold less than there is, nothing too. */
function cutLimit(fault: Fault | null, limit: number): number {
  if (fault?.kind === 'empty-page') return 0;
  return fault?.kind === 'short-page' ? Math.min(limit, fault.records) : limit;
}

function tokenOf(
  { arn, iteratorGeneration }: Stream,
  { shard, position, nowMs }: { readonly shard: StreamShard; readonly position: bigint; readonly nowMs: number },
): string {
  return iteratorToken({
    streamArn: arn,
    shardId: shard.id,
    position,
    issuedAtMs: nowMs,
    generation: iteratorGeneration,
  });
}

function requiredArn(request: Fields): string {
  const arn = optionalText(request, 'StreamArn');
  if (arn === undefined) throw validationError('Invalid StreamArn');
  return arn;
}

function checkedLimit(request: Fields, max: number, tooLarge: string): number {
  const limit = optionalInteger(request, 'Limit') ?? max;
  if (limit < 1) {
    throw validationError(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  }
  if (limit > max) throw validationError(tooLarge);
  return limit;
}
