import fc from 'fast-check';
import { expect, test } from 'vitest';
import { captureTable, type Following, startFollowing } from '../../../test/support/stream-following.ts';
import { createManualClock } from '../../simulator/manual-clock.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';

const KEYS = 6;

/** What happens to a stream, and how long after the event before. */
const events = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'put',
      'put',
      'put',
      'delete',
      'roll',
      'split',
      'hide',
      'expire',
      'fault',
      'reverse',
      'restart',
    ),
    target: fc.nat(1_000),
    afterMs: fc.constantFrom(0, 0, 0, 300, 2_000, 12_000, 65_000),
  }),
  { minLength: 5, maxLength: 30 },
);
type Event = (typeof events extends fc.Arbitrary<infer Value> ? Value : never)[number];

const FAULTS = [
  { fault: { kind: 'throttle', error: 'ThrottlingException' } },
  { fault: { kind: 'wrong-crc32' } },
  { action: 'GetRecords', fault: { kind: 'empty-page' } },
  { action: 'GetRecords', fault: { kind: 'short-page', records: 1 } },
  { action: 'GetShardIterator', fault: { kind: 'refuse-start' } },
  // More of these in a row would be evidence.
  { action: 'GetRecords', times: 1, fault: { kind: 'false-trim' } },
] as const;

async function createSimulator(clock: ReturnType<typeof createManualClock>): Promise<Simulator> {
  const simulator = await startSimulator({ clock });
  simulator.tables.create({
    TableName: 'orders',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
  simulator.streams.setInitialShards('orders', 2);
  return simulator;
}

function happen(simulator: Simulator, { kind, target }: Event, value: number): void {
  const { streams, tables, faults } = simulator;
  const key = { pk: { S: `k${target % KEYS}` } };
  const pick = (shards: readonly string[]): string => shards[target % shards.length] ?? '';
  const open = streams.openShardIds('orders');
  const all = streams.shards('orders').map(({ id }) => id);
  if (kind === 'put') tables.putItems('orders', [{ ...key, v: { N: String(value) } }]);
  if (kind === 'delete') tables.deleteItems('orders', [key]);
  if (kind === 'roll') streams.roll('orders', pick(open));
  if (kind === 'split' && open.length < 8) streams.split('orders', pick(open));
  if (kind === 'hide') streams.hideFromListing('orders', pick(all), 1 + (target % 2));
  if (kind === 'expire') streams.expireIterators('orders');
  if (kind === 'reverse') streams.listChildrenFirst('orders', target % 2 === 0);
  const fault = FAULTS[target % FAULTS.length];
  if (kind === 'fault' && fault !== undefined) faults.add({ times: 1 + (target % 3), ...fault });
}

test.each(['open', 'closed'] as const)(
  'whatever happens to a stream whose %s shards are read, every image of every key comes once and in order',
  async (shards) => {
    await fc.assert(
      fc.asyncProperty(events, async (history) => {
        const clock = createManualClock(Date.UTC(2026, 0, 1));
        const simulator = await createSimulator(clock);
        let following: Following | null = null;
        try {
          const state = await captureTable(simulator, clock, 'orders');
          const written = simulator.streams.collectImages('orders');
          following = startFollowing({ simulator, clock, table: 'orders', state, shards });
          for (const [index, event] of history.entries()) {
            await following.pass(event.afterMs);
            if (event.kind === 'restart') {
              await following.stop();
              following = startFollowing({ simulator, clock, table: 'orders', state, shards });
            } else happen(simulator, event, index);
          }
          if (shards === 'closed') simulator.streams.rollAll('orders');
          await following.pass(60_000);
          const nowMs = clock.now();
          const { follower } = following;
          follower.hurry(nowMs);
          await following.until(() => follower.isCaughtUpWith(nowMs));
          const expected = [...written].map(([key, images]) => [
            JSON.parse(key).pk.S,
            images.map((image) => (image === null ? null : JSON.parse(image).v.N)),
          ]);
          expect(Object.fromEntries(state.images)).toEqual(Object.fromEntries(expected));
        } finally {
          await following?.stop();
          await simulator.close();
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
  },
);
