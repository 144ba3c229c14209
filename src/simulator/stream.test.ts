import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAccount } from './account.ts';
import { createManualClock } from './manual-clock.ts';
import { createSimulatedStreams } from './simulated-streams.ts';
import { createTables } from './simulated-tables.ts';
import { LISTED_AFTER_RETENTION_MS, RETENTION_MS } from './stream.ts';

const HOUR = 3_600_000;
const TABLE = 'orders';

/** An account with one table whose stream starts with this many shards. */
function streamed(shards: number) {
  const clock = createManualClock();
  const account = createAccount({
    region: 'us-east-1',
    accountId: '123456789012',
    clock,
    enforceCapacity: false,
    enforceStreamLimits: true,
    rollShardsEveryMs: 4 * HOUR,
  });
  const tables = createTables(account);
  const streams = createSimulatedStreams(account);
  streams.setInitialShards(TABLE, shards);
  tables.create({
    TableName: TABLE,
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
  return { clock, account, tables, streams };
}

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), key: fc.nat(15), value: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: fc.nat(15) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('roll' as const, 'split' as const), open: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(6 * HOUR) }) },
);

it('holds what was written to a key, in order, along one lineage, until it is a day old', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(operation, { maxLength: 120 }), (shards, operations) => {
      const { clock, account, tables, streams } = streamed(shards);
      const written = new Map<string, { readonly atMs: number; readonly image: string | null }[]>();
      account.streams.listen(TABLE, ({ position, after }) => {
        const image = after?.json ?? null;
        written.set(position, [...(written.get(position) ?? []), { atMs: clock.now(), image }]);
      });
      for (const done of operations) {
        if (done.kind === 'wait') clock.advance(done.ms);
        else if (done.kind === 'write') {
          tables.putItems(TABLE, [{ pk: { S: `k${done.key}` }, v: { N: String(done.value) } }]);
        } else if (done.kind === 'delete') tables.deleteItems(TABLE, [{ pk: { S: `k${done.key}` } }]);
        else {
          const open = streams.openShardIds(TABLE);
          streams[done.kind](TABLE, open[done.open % open.length] ?? '');
        }
      }
      const held = new Map<string, (string | null)[]>();
      const byId = new Map(streams.shards(TABLE).map((shard) => [shard.id, shard]));
      const lastShardOfKey = new Map<string, string>();
      for (const shard of byId.values()) {
        const parent = byId.get(shard.parentId ?? '');
        if (parent !== undefined) {
          expect(BigInt(parent.endingSequenceNumber ?? 'x')).toBeLessThan(BigInt(shard.startingSequenceNumber));
        }
        for (const { keys, newImage, sequenceNumber } of shard.records) {
          const position = account.table(TABLE).identityOf(new Map([['pk', { type: 'S', text: keyIn(keys) }]]));
          held.set(position, [...(held.get(position) ?? []), newImage]);
          expect(sequenceNumber).toBeGreaterThanOrEqual(BigInt(shard.startingSequenceNumber));
          expect(sequenceNumber).toBeLessThanOrEqual(BigInt(shard.endingSequenceNumber ?? '9'.repeat(40)));
          const before = lastShardOfKey.get(position) ?? shard.id;
          expect(isAncestor(byId, before, shard.id)).toBe(true);
          lastShardOfKey.set(position, shard.id);
        }
      }
      const young = [...written].map(([position, images]) => {
        const kept = images.filter(({ atMs }) => atMs >= clock.now() - RETENTION_MS);
        return [position, kept.map(({ image }) => image)] as const;
      });
      expect(held).toEqual(new Map(young.filter(([, images]) => images.length > 0)));
    }),
    { numRuns: 300 },
  );
});

function keyIn(keys: string): string {
  return /^\{"pk":\{"S":"(\w+)"\}\}$/.exec(keys)?.[1] ?? '';
}

function isAncestor(
  shards: ReadonlyMap<string, { readonly parentId: string | null }>,
  ancestor: string,
  shard: string,
): boolean {
  for (let id: string | null = shard; id !== null; id = shards.get(id)?.parentId ?? null) {
    if (id === ancestor) return true;
  }
  return false;
}

it('covers every key with exactly one open shard, however often shards are split', () => {
  const { streams } = streamed(3);
  for (let round = 0; round < 200; round++) {
    streams.split(TABLE, streams.shardOf(TABLE, { pk: { S: `split ${round}` } }));
  }
  const open = streams.openShardIds(TABLE);
  expect(open).toHaveLength(203);
  const used = new Set(Array.from({ length: 20_000 }, (_, n) => streams.shardOf(TABLE, { pk: { S: `k${n}` } })));
  expect([...used].every((shard) => open.includes(shard))).toBe(true);
  expect(used.size).toBeGreaterThan(100);
});

it('holds no more shards and records after a week than after two days', () => {
  const { clock, tables, streams } = streamed(5);
  const held = (): readonly number[] => {
    const shards = streams.shards(TABLE);
    return [shards.length, shards.reduce((count, { records }) => count + records.length, 0)];
  };
  const writeFor = (hours: number): void => {
    for (let hour = 0; hour < hours; hour++) {
      clock.advance(HOUR);
      tables.putItems(
        TABLE,
        Array.from({ length: 50 }, (_, key) => ({ pk: { S: `k${key}` }, v: { N: String(clock.now()) } })),
      );
    }
  };
  writeFor(48);
  const [shards, records] = held();
  writeFor(120);
  expect(held()).toEqual([shards, records]);
  // One record of each of 50 keys an hour, those of 24 hours ago included.
  expect(records).toBe(25 * 50);
  expect(shards).toBe(5 * ((RETENTION_MS + LISTED_AFTER_RETENTION_MS + 6 * HOUR) / (4 * HOUR)));
});

it('leaves the same shards whether time is watched or jumped over', () => {
  const watched = streamed(2);
  const jumped = streamed(2);
  for (let hour = 0; hour < 100; hour++) {
    watched.clock.advance(HOUR);
    watched.streams.openShardIds(TABLE);
  }
  jumped.clock.advance(100 * HOUR);
  expect(jumped.streams.shards(TABLE)).toEqual(watched.streams.shards(TABLE));
});
