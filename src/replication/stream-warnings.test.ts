import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FollowedOrders, followedOrders, HOUR_MS } from '../../test/support/followed-orders.ts';
import { createLogger } from '../platform/logger.ts';

let orders: FollowedOrders;
let warnings: string[];

const log = createLogger({
  location: 'main',
  level: 'WARNING',
  now: () => 0,
  write: (line) => warnings.push(line.replace(/^.* WARNING /, '')),
});

beforeEach(async () => {
  warnings = [];
  orders = await followedOrders();
  orders.put('a', 1);
});
afterEach(() => orders.simulator.close());

/** Refuses the next call of this action. */
function refuseOnce(action: string): void {
  orders.simulator.faults.add({ action, fault: { kind: 'throttle', error: 'LimitExceededException' } });
}

test('a warning about a stream says whose it is: before the capture, while following and before a repeated reading', async () => {
  refuseOnce('DescribeStream');
  refuseOnce('GetRecords');
  await orders.run({ log });
  orders.clock.jump(HOUR_MS);
  // A call that the run before has given up may still arrive, and take the first.
  orders.simulator.faults.add({ action: 'GetRecords', times: 2, fault: { kind: 'false-trim' } });
  await orders.run({ log });
  orders.put('a', 2);
  orders.clock.jump(26 * HOUR_MS);
  const stop = orders.simulator.onRequest(({ action }) => {
    if (action !== 'GetShardIterator') return;
    // The follower has listed the shards before: the next listing is that of what is captured again.
    refuseOnce('DescribeStream');
    stop();
  });
  await orders.run({ log });
  const [beforeCapture, whileFollowing, refused, ...atGap] = warnings;
  expect(beforeCapture).toMatch(/^orders: dynamodb:DescribeStream on orders failed: /);
  expect(whileFollowing).toMatch(/^orders: dynamodb:GetRecords on shardId-\S+ failed: /);
  expect(refused).toMatch(/^orders: Shard shardId-\S+ answers that records are trimmed, which is not sure yet/);
  expect(atGap).toEqual([
    expect.stringMatching(/^orders: gap \(position-trimmed\): /),
    expect.stringMatching(/^orders: dynamodb:DescribeStream on orders failed: /),
  ]);
});
