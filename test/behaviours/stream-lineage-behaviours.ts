import { ListStreamsCommand } from '@aws-sdk/client-dynamodb-streams';
import { expect } from 'vitest';
import { type Behaviour, put, refusal, type SimulatedSubject, simulatorOnly } from './behaviour.ts';
import {
  after,
  at,
  createStreamed,
  describeStream,
  firstOpenShard,
  getRecords,
  iterator,
  keyOf,
  LATEST,
  numberOf,
  readShard,
  setStream,
  shardsOf,
  TRIM_HORIZON,
} from './stream-reading.ts';

const HOUR = 3_600_000;
const keys = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `k${index}`);

/** Writes value after value to every key. */
function writeRound({ simulator }: SimulatedSubject, table: string, round: number): void {
  simulator.tables.putItems(
    table,
    keys(20).map((S) => ({ pk: { S }, round: { N: String(round) } })),
  );
}

export const STREAM_LINEAGE_BEHAVIOURS: readonly Behaviour[] = [
  simulatorOnly('shard lineage', 'starts with as many shards as it is told, keys spread over them', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    subject.simulator.streams.setInitialShards(table, 4);
    writeRound(subject, table, 0);
    const shards = await shardsOf(subject, arn);
    expect(shards.map(({ ParentShardId }) => ParentShardId)).toEqual(Array(4).fill(undefined));
    const read = await Promise.all(shards.map(({ ShardId }) => readShard(subject, { arn, shard: ShardId ?? '' })));
    expect(read.every(({ records }) => records.length > 0)).toBe(true);
    expect(read.flatMap(({ records }) => records.map(keyOf)).sort()).toEqual([...keys(20)].sort());
    expect(() => subject.simulator.streams.setInitialShards(table, 2)).toThrow('has a history');
  }),
  simulatorOnly('shard lineage', 'keeps the order of a key over splits and rolls', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    const { streams } = subject.simulator;
    const written = streams.collectImages(table);
    for (let round = 0; round < 6; round++) {
      writeRound(subject, table, round);
      if (round % 2 === 0) streams.split(table, firstOpenShard(subject, table));
      else streams.rollAll(table);
    }
    const shards = await shardsOf(subject, arn);
    const seen = new Map<string, string[]>();
    // Children come behind their parents in this listing.
    for (const { ShardId = '', ParentShardId, SequenceNumberRange } of shards) {
      const parent = shards.find((shard) => shard.ShardId === ParentShardId)?.SequenceNumberRange;
      const start = BigInt(SequenceNumberRange?.StartingSequenceNumber ?? '');
      expect(BigInt(parent?.EndingSequenceNumber ?? '0')).toBeLessThan(start);
      const { records, ended } = await readShard(subject, { arn, shard: ShardId, start: at(String(start)) });
      expect(ended).toBe(SequenceNumberRange?.EndingSequenceNumber !== undefined);
      for (const record of records) {
        const key = JSON.stringify(record.dynamodb?.Keys);
        seen.set(key, [...(seen.get(key) ?? []), JSON.stringify(record.dynamodb?.NewImage)]);
      }
    }
    expect(seen).toEqual(written);
    expect([...seen.values()].map((images) => images.length)).toEqual(Array(20).fill(6));
  }),
  simulatorOnly('shard lineage', 'gives each half of a split shard half of its keys for good', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    const { streams } = subject.simulator;
    const children = streams.split(table, firstOpenShard(subject, table));
    const grandchildren = children.map((child) => streams.roll(table, child));
    writeRound(subject, table, 0);
    for (const S of keys(20)) {
      const shard = streams.shardOf(table, { pk: { S } });
      const { records } = await readShard(subject, { arn, shard });
      expect(records.map(keyOf)).toContain(S);
      expect(grandchildren).toContain(shard);
    }
    const listed = await shardsOf(subject, arn);
    expect(listed.slice(1).map(({ ParentShardId }) => ParentShardId)).toEqual([
      listed[0]?.ShardId,
      listed[0]?.ShardId,
      ...children,
    ]);
    expect(() => streams.roll(table, children[0] ?? '')).toThrow('is closed already');
  }),
  simulatorOnly(
    'shard lineage',
    'closes a shard every four hours of its clock, if not told otherwise',
    async (subject) => {
      const rolling = await createStreamed(subject);
      const resting = await createStreamed(subject);
      subject.simulator.streams.setRollEvery(resting.table, null);
      const openedAtMs = subject.clock.now();
      subject.clock.advance(9 * HOUR);
      const views = subject.simulator.streams.shards(rolling.table);
      expect(views.map((shard) => [(shard.openedAtMs - openedAtMs) / HOUR, shard.closedAtMs === null])).toEqual([
        [0, false],
        [4, false],
        [8, true],
      ]);
      expect(await shardsOf(subject, rolling.arn)).toHaveLength(3);
      expect(await shardsOf(subject, resting.arn)).toHaveLength(1);
    },
  ),
  simulatorOnly('shard lineage', 'lists hundreds of shards in pages of 100', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    subject.simulator.streams.setInitialShards(table, 250);
    const pages: number[] = [];
    const found = new Set<string | undefined>();
    let start: string | undefined;
    do {
      const page = await describeStream(subject, arn, { ExclusiveStartShardId: start });
      pages.push(page.Shards?.length ?? 0);
      for (const { ShardId } of page.Shards ?? []) found.add(ShardId);
      start = page.LastEvaluatedShardId;
    } while (start !== undefined);
    expect(pages).toEqual([100, 100, 50]);
    expect(found).toEqual(new Set(subject.simulator.streams.openShardIds(table)));
  }),
  simulatorOnly('shard filter', 'names the children of a shard', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    const { streams } = subject.simulator;
    const root = firstOpenShard(subject, table);
    const childrenOf = async (ShardId: string) =>
      (await shardsOf(subject, arn, { ShardFilter: { Type: 'CHILD_SHARDS', ShardId } })).map((shard) => shard.ShardId);
    expect(await childrenOf(root)).toEqual([]);
    const halves = streams.split(table, root);
    const child = streams.roll(table, halves[0] ?? '');
    expect(await childrenOf(root)).toEqual(halves);
    streams.dropShard(table, root);
    expect(await childrenOf(root)).toEqual(halves);
    expect(await childrenOf(halves[0] ?? '')).toEqual([child]);
    expect(await childrenOf('shardId-00000000000000000000-00000000')).toEqual([]);
  }),
  simulatorOnly('sequence numbers', 'gives some shards numbers that gain a digit', async (subject) => {
    const { table } = await createStreamed(subject);
    subject.simulator.streams.setInitialShards(table, 20);
    for (let round = 0; round < 20; round++) writeRound(subject, table, round);
    const lengths = subject.simulator.streams
      .shards(table)
      .map(({ records }) => new Set(records.map(({ sequenceNumber }) => String(sequenceNumber).length)));
    expect(lengths.some(({ size }) => size > 1)).toBe(true);
    expect(Math.min(...lengths.flatMap((set) => [...set]))).toBeGreaterThan(20);
  }),
  simulatorOnly(
    'number above the end',
    'takes a number that an open shard may still get, not a closed one',
    async (subject) => {
      const { table, arn } = await createStreamed(subject);
      await put(subject, table, { pk: { S: 'a' } });
      const shard = firstOpenShard(subject, table);
      const { records } = await readShard(subject, { arn, shard });
      const above = at(String(BigInt(numberOf(records[0])) + 10n ** 9n));
      expect((await readShard(subject, { arn, shard, start: above })).records).toEqual([]);
      subject.simulator.streams.roll(table, shard);
      expect(await refusal(iterator(subject, { arn, shard, start: above }))).toContain('Invalid SequenceNumber');
    },
  ),
  simulatorOnly(
    'trimming',
    'forgets records after 24 hours, and says so where their place was asked for',
    async (subject) => {
      const { table, arn } = await createStreamed(subject);
      subject.simulator.streams.setRollEvery(table, null);
      const shard = firstOpenShard(subject, table);
      await put(subject, table, { pk: { S: 'old' } }, { pk: { S: 'older' } });
      const { records } = await readShard(subject, { arn, shard });
      subject.clock.advance(HOUR);
      await put(subject, table, { pk: { S: 'young' } });
      const start = (await shardsOf(subject, arn))[0]?.SequenceNumberRange?.StartingSequenceNumber;
      subject.clock.advance(23 * HOUR + 1);
      const trimmed = [at(start), at(numberOf(records[0])), at(numberOf(records[1])), after(numberOf(records[0]))];
      for (const place of trimmed) {
        expect(await refusal(readShard(subject, { arn, shard, start: place }))).toMatch(
          /^TrimmedDataAccessException: /,
        );
      }
      for (const place of [TRIM_HORIZON, after(numberOf(records[1]))]) {
        expect((await readShard(subject, { arn, shard, start: place })).records.map(keyOf)).toEqual(['young']);
      }
      expect(subject.simulator.streams.shards(table)[0]?.records).toHaveLength(1);
    },
  ),
  simulatorOnly('trimming', 'trims under an iterator that was given before', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    const shard = firstOpenShard(subject, table);
    await put(subject, table, { pk: { S: 'a' } });
    const horizon = await iterator(subject, { arn, shard, start: TRIM_HORIZON });
    const latest = await iterator(subject, { arn, shard, start: LATEST });
    subject.simulator.streams.trimBefore(table, subject.clock.now() + 1);
    expect(await refusal(getRecords(subject, horizon))).toMatch(/^TrimmedDataAccessException: /);
    expect((await getRecords(subject, latest)).Records).toEqual([]);
  }),
  simulatorOnly(
    'fully trimmed shards',
    'lists an old shard for a while, but cannot read it any more',
    async (subject) => {
      const { table, arn } = await createStreamed(subject);
      await put(subject, table, { pk: { S: 'a' } });
      const shard = firstOpenShard(subject, table);
      subject.clock.advance(4 * HOUR);
      const child = firstOpenShard(subject, table);
      subject.clock.advance(24 * HOUR);
      expect(await readShard(subject, { arn, shard })).toEqual({ records: [], ended: true });
      subject.clock.advance(1);
      const listed = async () => (await shardsOf(subject, arn)).map(({ ShardId }) => ShardId);
      expect((await listed()).slice(0, 2)).toEqual([shard, child]);
      expect(await refusal(readShard(subject, { arn, shard }))).toContain('Invalid ShardId in ShardIterator');
      subject.clock.advance(2 * HOUR);
      expect((await listed())[0]).toBe(child);
      expect(await refusal(iterator(subject, { arn, shard, start: TRIM_HORIZON }))).toContain('Shard does not exist');
    },
  ),
  simulatorOnly('fully trimmed shards', 'drops a closed shard on command', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    const shard = firstOpenShard(subject, table);
    expect(() => subject.simulator.streams.dropShard(table, shard)).toThrow('is open');
    const token = await iterator(subject, { arn, shard, start: TRIM_HORIZON });
    const child = subject.simulator.streams.roll(table, shard);
    subject.simulator.streams.dropShard(table, shard);
    expect(await refusal(getRecords(subject, token))).toMatch(/^ResourceNotFoundException: /);
    expect((await shardsOf(subject, arn)).map(({ ShardId }) => ShardId)).toEqual([child]);
  }),
  simulatorOnly('disabled streams', 'forgets a disabled stream a day later', async (subject) => {
    const { table, arn } = await createStreamed(subject);
    await setStream(subject, table, null);
    subject.clock.advance(26 * HOUR - 1);
    expect((await describeStream(subject, arn)).StreamStatus).toBe('DISABLED');
    subject.clock.advance(1);
    expect(await refusal(describeStream(subject, arn))).toMatch(/^ResourceNotFoundException: /);
    expect((await subject.streams.send(new ListStreamsCommand({ TableName: table }))).Streams).toEqual([]);
  }),
];
