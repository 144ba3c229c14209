import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { expect } from 'vitest';
import { createGate } from '../../src/simulator/gate.ts';
import { type Behaviour, put, refusal, type SimulatedSubject, simulatorOnly } from './behaviour.ts';
import {
  at,
  describeStream,
  getRecords,
  iterator,
  keyOf,
  LATEST,
  type OneShard,
  onlyShard,
  readShard,
  shardsOf,
  shardWith,
  TRIM_HORIZON,
} from './stream-reading.ts';

const horizon = (subject: SimulatedSubject, { arn, shard }: OneShard): Promise<string> =>
  iterator(subject, { arn, shard, start: TRIM_HORIZON });

/** The subject with another reader's access key. */
function reader(subject: SimulatedSubject, accessKeyId: string): SimulatedSubject {
  const credentials = { accessKeyId, secretAccessKey: 'any' };
  const { endpoint } = subject;
  return {
    ...subject,
    streams: new DynamoDBStreamsClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 }),
  };
}

export const STREAM_TROUBLE_BEHAVIOURS: readonly Behaviour[] = [
  simulatorOnly(
    'iterator expiry',
    'refuses an iterator after 15 minutes, and all of them on command',
    async (subject) => {
      const one = await shardWith(subject, 'a');
      const token = await horizon(subject, one);
      subject.clock.advance(15 * 60_000);
      expect((await getRecords(subject, token)).Records).toHaveLength(1);
      subject.clock.advance(1);
      expect(await refusal(getRecords(subject, token))).toMatch(/^ExpiredIteratorException: /);
      const young = await horizon(subject, one);
      subject.simulator.streams.expireIterators(one.table);
      expect(await refusal(getRecords(subject, young))).toMatch(/^ExpiredIteratorException: /);
      expect((await getRecords(subject, await horizon(subject, one))).Records).toHaveLength(1);
    },
  ),
  simulatorOnly('answer of records', 'answers at most 1 MB of records and goes on behind them', async (subject) => {
    const { table, arn, shard } = await shardWith(subject);
    for (let n = 0; n < 4; n++) await put(subject, table, { pk: { S: `k${n}` }, v: { S: 'x'.repeat(390_000) } });
    const token = await iterator(subject, { arn, shard, start: TRIM_HORIZON });
    expect((await getRecords(subject, token)).Records?.map(keyOf)).toEqual(['k0', 'k1']);
    expect((await readShard(subject, { arn, shard })).records.map(keyOf)).toEqual(['k0', 'k1', 'k2', 'k3']);
  }),
  simulatorOnly('stream limits', 'refuses the eleventh DescribeStream of a second', async (subject) => {
    const { arn } = await shardWith(subject);
    subject.clock.advance(1_000);
    for (let call = 0; call < 10; call++) await describeStream(subject, arn);
    expect(await refusal(describeStream(subject, arn))).toMatch(/^LimitExceededException: /);
    expect(subject.simulator.requests.count({ error: 'LimitExceededException' })).toBeGreaterThan(0);
    subject.clock.advance(1_000);
    await describeStream(subject, arn);
    subject.simulator.streams.enforceLimits(false);
    for (let call = 0; call < 20; call++) await describeStream(subject, arn);
    subject.simulator.streams.enforceLimits(true);
  }),
  simulatorOnly('stream limits', 'refuses a third access key that reads a shard within a second', async (subject) => {
    const one = await shardWith(subject, 'a');
    const token = await horizon(subject, one);
    const [first, second, third] = [reader(subject, 'A'), reader(subject, 'B'), reader(subject, 'C')];
    for (const by of [first, second, first]) await getRecords(by, token);
    expect(await refusal(getRecords(third, token))).toMatch(/^LimitExceededException: /);
    subject.clock.advance(1_000);
    await getRecords(third, token);
    for (const { streams } of [first, second, third]) streams.destroy();
  }),
  simulatorOnly('stream limits', 'refuses a third read of a shard while two are under way', async (subject) => {
    const one = await shardWith(subject, 'a');
    const token = await horizon(subject, one);
    const gates = [createGate(), createGate()];
    const fault = (index: number) => ({ kind: 'slow-answer', gate: gates[index] ?? createGate() }) as const;
    subject.simulator.faults.add({ shard: one.shard, fault: fault(0) });
    subject.simulator.faults.add({ shard: one.shard, after: 1, fault: fault(1) });
    const slow = [getRecords(subject, token), getRecords(subject, token)];
    await Promise.all(gates.map(({ reached }) => reached));
    expect(await refusal(getRecords(subject, token))).toMatch(/^LimitExceededException: /);
    for (const gate of gates) gate.open();
    expect((await Promise.all(slow)).map(({ Records }) => Records?.length)).toEqual([1, 1]);
    expect((await getRecords(subject, token)).Records).toHaveLength(1);
  }),
  simulatorOnly('stream answers', 'leaves a shard out of as many listings as it is told', async (subject) => {
    const { table, arn, shard } = await shardWith(subject);
    const child = subject.simulator.streams.roll(table, shard);
    subject.simulator.streams.hideFromListing(table, child, 2);
    const filter = { ShardFilter: { Type: 'CHILD_SHARDS', ShardId: shard } } as const;
    const listed = async (input = {}) => (await shardsOf(subject, arn, input)).map(({ ShardId }) => ShardId);
    expect([await listed(), await listed(filter), await listed(filter), await listed()]).toEqual([
      [shard],
      [],
      [child],
      [shard, child],
    ]);
    expect((await readShard(subject, { arn, shard: child })).records).toEqual([]);
  }),
  simulatorOnly('stream answers', 'lists children before the page of their parent', async (subject) => {
    const { table, arn, shard } = await shardWith(subject);
    const children = subject.simulator.streams.split(table, shard);
    subject.simulator.streams.listChildrenFirst(table, true);
    const first = await describeStream(subject, arn, { Limit: 2 });
    expect(first.Shards?.map(({ ShardId }) => ShardId)).toEqual([...children].reverse());
    const second = await describeStream(subject, arn, { ExclusiveStartShardId: first.LastEvaluatedShardId });
    expect(second.Shards?.map(({ ShardId }) => ShardId)).toEqual([shard]);
  }),
  simulatorOnly('stream answers', 'shows records late, and an end not before them', async (subject) => {
    const { table, arn, shard } = await shardWith(subject);
    subject.simulator.streams.setPropagationDelay(table, 5_000);
    const latest = await iterator(subject, { arn, shard, start: LATEST });
    await put(subject, table, { pk: { S: 'a' } });
    subject.simulator.streams.roll(table, shard);
    const early = await readShard(subject, { arn, shard });
    expect([early.records, early.ended]).toEqual([[], false]);
    const stillLatest = await iterator(subject, { arn, shard, start: LATEST });
    subject.clock.advance(5_000);
    const late = await readShard(subject, { arn, shard });
    expect([late.records.map(keyOf), late.ended]).toEqual([['a'], true]);
    for (const token of [latest, stillLatest]) {
      expect((await getRecords(subject, token)).Records?.map(keyOf)).toEqual(['a']);
    }
  }),
  simulatorOnly('stream answers', 'answers nothing before data, and less than there is', async (subject) => {
    const one = await shardWith(subject, 'a', 'b', 'c');
    subject.simulator.faults.add({ shard: one.shard, action: 'GetRecords', fault: { kind: 'empty-page' } });
    subject.simulator.faults.add({ shard: one.shard, after: 1, fault: { kind: 'short-page', records: 2 } });
    const empty = await getRecords(subject, await horizon(subject, one));
    expect(empty.Records).toEqual([]);
    const short = await getRecords(subject, empty.NextShardIterator);
    expect(short.Records?.map(keyOf)).toEqual(['a', 'b']);
    expect((await getRecords(subject, short.NextShardIterator)).Records?.map(keyOf)).toEqual(['c']);
  }),
  simulatorOnly('false trim alarm', 'claims on command that a shard was trimmed', async (subject) => {
    const one = await shardWith(subject, 'a');
    const token = await horizon(subject, one);
    subject.simulator.faults.add({ action: 'GetRecords', shard: one.shard, fault: { kind: 'false-trim' } });
    expect(await refusal(getRecords(subject, token))).toMatch(/^TrimmedDataAccessException: /);
    expect((await getRecords(subject, token)).Records).toHaveLength(1);
  }),
  simulatorOnly(
    'stream answers',
    'refuses on command to start at the number that a shard starts with',
    async (subject) => {
      const { arn, table, shard } = await shardWith(subject, 'a');
      const { SequenceNumberRange } = await onlyShard(subject, arn);
      const start = at(SequenceNumberRange?.StartingSequenceNumber);
      subject.simulator.faults.add({ table, times: 'always', fault: { kind: 'refuse-start' } });
      expect(await refusal(iterator(subject, { arn, shard, start }))).toContain('Invalid SequenceNumber for the shard');
      expect((await readShard(subject, { arn, shard, start: TRIM_HORIZON })).records).toHaveLength(1);
    },
  ),
  simulatorOnly('faults', 'strikes reads of one shard, by table and by shard', async (subject) => {
    const { table, arn, shard } = await shardWith(subject, 'a');
    const other = await shardWith(subject, 'b');
    subject.simulator.faults.add({
      action: 'GetRecords',
      table,
      shard,
      times: 2,
      fault: { kind: 'throttle', error: 'LimitExceededException' },
    });
    const token = await horizon(subject, { table, arn, shard });
    expect((await readShard(subject, { arn: other.arn, shard: other.shard })).records).toHaveLength(1);
    for (let call = 0; call < 2; call++) {
      expect(await refusal(getRecords(subject, token))).toMatch(/^LimitExceededException: /);
    }
    subject.simulator.faults.add({ shard, fault: { kind: 'cut-body', framing: 'content-length' } });
    expect(await refusal(getRecords(subject, token))).toMatch(/^SyntaxError: /);
    subject.simulator.faults.add({ table, fault: { kind: 'access-denied' } });
    expect(await refusal(getRecords(subject, token))).toContain(`dynamodb:GetRecords on resource: ${arn}`);
    expect((await getRecords(subject, token)).Records).toHaveLength(1);
  }),
  simulatorOnly(
    'faults',
    'does not make the SDK repeat errors, far as its clock is from the machine',
    async (subject) => {
      const { arn, table } = await shardWith(subject);
      subject.clock.advance(3_600_000);
      const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
      const streams = new DynamoDBStreamsClient({ endpoint: subject.endpoint, region: 'us-east-1', credentials });
      await describeStream({ ...subject, streams }, arn);
      const missing = iterator({ ...subject, streams }, { arn, shard: 'missing', start: LATEST });
      expect(await refusal(missing)).toMatch(/^ResourceNotFoundException: /);
      expect(subject.simulator.requests.count({ action: 'GetShardIterator', table })).toBe(1);
      streams.destroy();
    },
  ),
  simulatorOnly('time to live', 'marks what time to live has deleted', async (subject) => {
    const { table, arn } = await shardWith(subject, 'a', 'b');
    subject.simulator.streams.expireItems(table, [{ pk: { S: 'a' } }, { pk: { S: 'missing' } }]);
    subject.simulator.tables.deleteItems(table, [{ pk: { S: 'b' } }]);
    const { records } = await readShard(subject, { arn });
    expect(records.slice(2).map((record) => [record.eventName, keyOf(record), record.userIdentity])).toEqual([
      ['REMOVE', 'a', { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' }],
      ['REMOVE', 'b', undefined],
    ]);
  }),
];
