import {
  BatchWriteItemCommand,
  DeleteTableCommand,
  type StreamViewType,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand } from '@aws-sdk/client-dynamodb-streams';
import { expect } from 'vitest';
import { type Behaviour, both, createTable, put, rawRequest, refusal, type Subject } from './behaviour.ts';
import {
  after,
  at,
  createStreamed,
  describeStream,
  getRecords,
  iterator,
  keyOf,
  LATEST,
  numberOf,
  onlyShard,
  readShard,
  remove,
  setStream,
  shardsOf,
  shardWith,
  streamArn,
  TRIM_HORIZON,
} from './stream-reading.ts';

/** Writes of one item: inserted, changed, deleted. */
async function lifeOfAnItem(subject: Subject, table: string): Promise<void> {
  await put(subject, table, { pk: { S: 'a' }, v: { N: '1' } }, { pk: { S: 'a' }, w: { N: '2' } });
  await remove(subject, table, 'a');
}

const FIRST = { pk: { S: 'a' }, v: { N: '1' } };
const SECOND = { pk: { S: 'a' }, w: { N: '2' } };

/** New and old images of the three records that `lifeOfAnItem` leaves. */
const IMAGES: Readonly<Record<StreamViewType, readonly object[]>> = {
  KEYS_ONLY: [{}, {}, {}],
  NEW_IMAGE: [{ NewImage: FIRST }, { NewImage: SECOND }, {}],
  OLD_IMAGE: [{}, { OldImage: FIRST }, { OldImage: SECOND }],
  NEW_AND_OLD_IMAGES: [{ NewImage: FIRST }, { NewImage: SECOND, OldImage: FIRST }, { OldImage: SECOND }],
};

const images = (viewType: StreamViewType): Behaviour =>
  both(`records keys and images as ${viewType} says`, async (subject) => {
    const { table, arn } = await createStreamed(subject, viewType);
    await lifeOfAnItem(subject, table);
    const { records } = await readShard(subject, { arn });
    expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
    const found = records.map(({ dynamodb }) => {
      const { ApproximateCreationDateTime, SequenceNumber, SizeBytes, ...contents } = dynamodb ?? {};
      return contents;
    });
    const common = { Keys: { pk: { S: 'a' } }, StreamViewType: viewType };
    expect(found).toEqual(IMAGES[viewType].map((expected) => ({ ...common, ...expected })));
    expect(records.map(({ userIdentity }) => userIdentity)).toEqual([undefined, undefined, undefined]);
  });

/** A stream of one shard with this many records, the n-th of key `kn`. */
async function filled(subject: Subject, count: number) {
  const stream = await shardWith(subject, ...Array.from({ length: count }, (_, n) => `k${n}`));
  return { ...stream, records: (await readShard(subject, stream)).records };
}

export const STREAM_BEHAVIOURS: readonly Behaviour[] = [
  both('describes a new stream and its open shard', async (subject) => {
    const { table, arn } = await createStreamed(subject, 'NEW_IMAGE');
    const described = await describeStream(subject, arn);
    expect(described).toMatchObject({
      StreamArn: arn,
      StreamLabel: arn.split('/stream/')[1],
      StreamStatus: 'ENABLED',
      StreamViewType: 'NEW_IMAGE',
      TableName: table,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    });
    expect(described.CreationRequestDateTime).toBeInstanceOf(Date);
    const shard = await onlyShard(subject, arn);
    expect(shard.ShardId).toMatch(/^shardId-\d{20}-[0-9a-f]{8}$/);
    expect(shard.SequenceNumberRange).toEqual({ StartingSequenceNumber: expect.stringMatching(/^\d{21,40}$/) });
    expect([shard.ParentShardId, described.LastEvaluatedShardId]).toEqual([undefined, undefined]);
  }),
  images('KEYS_ONLY'),
  images('NEW_IMAGE'),
  images('OLD_IMAGE'),
  images('NEW_AND_OLD_IMAGES'),
  both('records nothing for writes that change nothing', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    await put(subject, table, { pk: { S: 'a' }, n: { N: '1' }, s: { SS: ['x', 'y'] } });
    await put(subject, table, { s: { SS: ['y', 'x'] }, n: { N: '1.0' }, pk: { S: 'a' } });
    const noUpdate = new UpdateItemCommand({ TableName: table, Key: { pk: { S: 'a' } } });
    await subject.client.send(noUpdate);
    await remove(subject, table, 'missing');
    const { records } = await readShard(subject, { arn });
    expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT']);
  }),
  both('records an update that creates its item, and every item of a batch', async (subject) => {
    const { table, arn } = await createStreamed(subject, 'KEYS_ONLY');
    await subject.client.send(new UpdateItemCommand({ TableName: table, Key: { pk: { S: 'u' } } }));
    const requests = ['x', 'y'].map((S) => ({ PutRequest: { Item: { pk: { S } } } }));
    await subject.client.send(new BatchWriteItemCommand({ RequestItems: { [table]: requests } }));
    const { records } = await readShard(subject, { arn });
    expect(records.map((record) => `${record.eventName} ${keyOf(record)}`).sort()).toEqual([
      'INSERT u',
      'INSERT x',
      'INSERT y',
    ]);
  }),
  both('keeps values exact and counts the size of keys and images', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    const item = {
      pk: { S: 'é' },
      n: { N: '99999999999999999999999999999999999.5' },
      b: { B: new Uint8Array([0, 255]) },
      l: { L: [{ S: 'ab' }, { M: { x: { NULL: true } } }] },
    };
    await put(subject, table, item);
    const [record] = (await readShard(subject, { arn })).records;
    expect(record?.dynamodb?.NewImage).toEqual(item);
    // Keys 2 + 2; image 4, n 1 + 20, b 1 + 2, l 1 + 3 + 2 + 2 + (3 + 1 + 1 + 1).
    expect(record?.dynamodb?.SizeBytes).toBe(46);
  }),
  both('numbers records upwards and tells whole seconds', async (subject) => {
    const { records, arn } = await filled(subject, 3);
    const numbers = records.map((record) => BigInt(numberOf(record)));
    expect(numbers).toEqual([...numbers].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(numbers).size).toBe(3);
    const { SequenceNumberRange } = await onlyShard(subject, arn);
    expect(BigInt(SequenceNumberRange?.StartingSequenceNumber ?? '')).toBeLessThanOrEqual(numbers[0] ?? 0n);
    for (const { dynamodb, eventID, eventSource, eventVersion } of records) {
      const createdAtMs = dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0;
      expect(createdAtMs % 1000).toBe(0);
      expect(Math.abs(subject.now() - createdAtMs)).toBeLessThan(120_000);
      expect([eventSource, eventVersion, typeof eventID]).toEqual(['aws:dynamodb', '1.1', 'string']);
    }
    expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(3);
  }),
  both('starts at the horizon, at a number, after a number and at the end', async (subject) => {
    const { table, arn, shard, records } = await filled(subject, 3);
    const second = numberOf(records[1]);
    const { SequenceNumberRange } = await onlyShard(subject, arn);
    const keysFrom = async (start: typeof LATEST): Promise<readonly string[]> =>
      (await readShard(subject, { arn, shard, start })).records.map(keyOf);
    expect(await keysFrom(TRIM_HORIZON)).toEqual(['k0', 'k1', 'k2']);
    expect(await keysFrom(at(SequenceNumberRange?.StartingSequenceNumber))).toEqual(['k0', 'k1', 'k2']);
    expect(await keysFrom(at(second))).toEqual(['k1', 'k2']);
    expect(await keysFrom(after(second))).toEqual(['k2']);
    expect(await keysFrom(after(numberOf(records[2])))).toEqual([]);
    const latest = await iterator(subject, { arn, shard, start: LATEST });
    await put(subject, table, { pk: { S: 'k3' } });
    expect((await getRecords(subject, latest)).Records?.map(keyOf)).toEqual(['k3']);
  }),
  both('goes on from iterator to iterator, and answers the same one twice', async (subject) => {
    const { arn, shard } = await filled(subject, 5);
    const first = await iterator(subject, { arn, shard, start: TRIM_HORIZON });
    const page = await getRecords(subject, first, 2);
    expect(page.Records?.map(keyOf)).toEqual(['k0', 'k1']);
    expect((await getRecords(subject, first, 2)).Records).toEqual(page.Records);
    const rest = await getRecords(subject, page.NextShardIterator);
    expect(rest.Records?.map(keyOf)).toEqual(['k2', 'k3', 'k4']);
    const idle = await getRecords(subject, rest.NextShardIterator);
    expect([idle.Records, typeof idle.NextShardIterator]).toEqual([[], 'string']);
  }),
  both('refuses iterators of unknown types and with numbers that do not fit', async (subject) => {
    const { arn, shard, records } = await filled(subject, 1);
    const problems = [
      [{ ShardIteratorType: 'NOWHERE' as 'LATEST' }, 'Invalid ShardIteratorType.'],
      [at(undefined), 'Invalid SequenceNumber'],
      [at('5'), 'ValidationException'],
      [after('9'.repeat(41)), 'ValidationException'],
      [{ ...TRIM_HORIZON, SequenceNumber: numberOf(records[0]) }, 'SequenceNumber should not be passed'],
      [{ ...LATEST, SequenceNumber: numberOf(records[0]) }, 'SequenceNumber should not be passed'],
      [at('1'.padStart(21, '0')), 'Invalid SequenceNumber for the shard'],
    ] as const;
    for (const [start, problem] of problems) {
      expect(await refusal(iterator(subject, { arn, shard, start }))).toContain(problem);
    }
  }),
  both('does not know other streams and other shards', async (subject) => {
    const { arn } = await filled(subject, 1);
    const other = arn.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
    const shard = 'shardId-00000000000000000000-00000000';
    const refusals = [
      await refusal(describeStream(subject, other)),
      await refusal(iterator(subject, { arn: other, shard, start: LATEST })),
      await refusal(iterator(subject, { arn, shard, start: LATEST })),
    ];
    for (const problem of refusals) expect(problem).toMatch(/^ResourceNotFoundException: /);
  }),
  both('refuses limits that are too small or too large, and tokens that are none', async (subject) => {
    const { arn, shard } = await filled(subject, 1);
    const token = await iterator(subject, { arn, shard, start: TRIM_HORIZON });
    const refusals = [
      await refusal(getRecords(subject, token, 0)),
      await refusal(getRecords(subject, token, 1001)),
      await refusal(getRecords(subject, 'nonsense')),
      await refusal(describeStream(subject, arn, { Limit: 0 })),
      await refusal(describeStream(subject, arn, { Limit: 101 })),
      await refusal(subject.streams.send(new ListStreamsCommand({ Limit: 0 }))),
      await refusal(subject.streams.send(new ListStreamsCommand({ Limit: 101 }))),
    ];
    for (const problem of refusals) expect(problem).toMatch(/^ValidationException: /);
  }),
  both('lists nothing behind the last shard', async (subject) => {
    const { arn, shard } = await filled(subject, 1);
    expect(await shardsOf(subject, arn, { ExclusiveStartShardId: shard })).toEqual([]);
  }),
  both('lists streams in pages and by table', async (subject) => {
    const made = [await createStreamed(subject), await createStreamed(subject), await createStreamed(subject)];
    const listed: (string | undefined)[] = [];
    let start: string | undefined;
    do {
      const page = await subject.streams.send(new ListStreamsCommand({ Limit: 2, ExclusiveStartStreamArn: start }));
      expect(page.Streams?.length).toBeLessThanOrEqual(2);
      listed.push(...(page.Streams ?? []).map(({ StreamArn }) => StreamArn));
      start = page.LastEvaluatedStreamArn;
    } while (start !== undefined);
    expect(listed).toEqual(expect.arrayContaining(made.map(({ arn }) => arn)));
    expect(new Set(listed).size).toBe(listed.length);
    const [{ table, arn } = { table: '', arn: '' }] = made;
    const { Streams } = await subject.streams.send(new ListStreamsCommand({ TableName: table }));
    expect(Streams).toEqual([{ StreamArn: arn, TableName: table, StreamLabel: arn.split('/stream/')[1] }]);
    expect((await subject.streams.send(new ListStreamsCommand({ TableName: 'no-such-table' }))).Streams).toEqual([]);
  }),
  both('closes the shard of a stream that is disabled, and leaves it readable', async (subject) => {
    const { table, arn, shard, records } = await filled(subject, 2);
    const open = await iterator(subject, { arn, shard, start: TRIM_HORIZON });
    await setStream(subject, table, null);
    await put(subject, table, { pk: { S: 'unrecorded' } });
    const described = await describeStream(subject, arn);
    const range = described.Shards?.[0]?.SequenceNumberRange;
    expect([described.StreamStatus, range?.EndingSequenceNumber]).toEqual(['DISABLED', numberOf(records[1])]);
    const end = await getRecords(subject, open);
    expect([end.Records?.map(keyOf), end.NextShardIterator]).toEqual([['k0', 'k1'], undefined]);
    const latest = await getRecords(subject, await iterator(subject, { arn, shard, start: LATEST }));
    expect([latest.Records, latest.NextShardIterator]).toEqual([[], undefined]);
  }),
  both('gives a stream that is enabled again another ARN, and lists both', async (subject) => {
    const { table, arn } = await filled(subject, 1);
    expect(await setStream(subject, table, null)).toBe(arn);
    const second = await setStream(subject, table, 'KEYS_ONLY');
    expect(second).not.toBe(arn);
    await put(subject, table, { pk: { S: 'k0' }, again: { BOOL: true } });
    expect((await readShard(subject, { arn: second })).records.map(keyOf)).toEqual(['k0']);
    expect((await readShard(subject, { arn })).records).toHaveLength(1);
    const { Streams } = await subject.streams.send(new ListStreamsCommand({ TableName: table }));
    expect(Streams?.map(({ StreamArn }) => StreamArn)).toEqual(expect.arrayContaining([arn, second]));
  }),
  both('refuses to enable or disable what is, and view types that do not fit', async (subject) => {
    const { table } = await createStreamed(subject);
    const plain = await createTable(subject);
    const problems = [
      [() => setStream(subject, table, 'KEYS_ONLY'), 'Table already has an enabled stream'],
      [() => setStream(subject, plain, null), 'Table has no stream to disable'],
      [() => createTable(subject, { StreamSpecification: { StreamEnabled: true } }), 'must not be null or empty'],
      [
        () => createTable(subject, { StreamSpecification: { StreamEnabled: false, StreamViewType: 'NEW_IMAGE' } }),
        'StreamEnabled was false but a StreamViewType was present',
      ],
    ] as const;
    for (const [request, problem] of problems) expect(await refusal(request())).toContain(problem);
  }),
  both('keeps the stream of a deleted table, apart from that of its successor', async (subject) => {
    const { table, arn } = await filled(subject, 2);
    await subject.client.send(new DeleteTableCommand({ TableName: table }));
    expect((await describeStream(subject, arn)).StreamStatus).toBe('DISABLED');
    const { records, ended } = await readShard(subject, { arn });
    expect([records.map(keyOf), ended]).toEqual([['k0', 'k1'], true]);
    const StreamSpecification = { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' as const };
    await createTable(subject, { TableName: table, StreamSpecification });
    expect(await streamArn(subject, table)).not.toBe(arn);
  }),
  both('sends checksum and date, and times as numbers', async (subject) => {
    const { arn, shard } = await filled(subject, 1);
    const ShardIterator = await iterator(subject, { arn, shard, start: TRIM_HORIZON });
    const target = { 'x-amz-target': 'DynamoDBStreams_20120810.GetRecords' };
    const answer = await rawRequest(subject, 'GetRecords', JSON.stringify({ ShardIterator }), target);
    expect(answer.headers.get('x-amz-crc32')).toMatch(/^\d+$/);
    expect(Math.abs(subject.now() - Date.parse(answer.headers.get('date') ?? ''))).toBeLessThan(60_000);
    expect(answer.body.toString()).toMatch(/"ApproximateCreationDateTime":\d{10}(\.0+)?,/);
  }),
  both('keeps the actions of tables and of streams apart', async (subject) => {
    const listTables = { 'x-amz-target': 'DynamoDBStreams_20120810.ListTables' };
    for (const answer of [
      await rawRequest(subject, 'ListStreams', '{}'),
      await rawRequest(subject, 'ListTables', '{}', listTables),
    ]) {
      expect([answer.status, answer.body.toString()]).toEqual([400, expect.stringContaining('UnknownOperation')]);
    }
  }),
];
