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
  expect(warnings.filter((line) => !line.startsWith('orders: '))).toEqual([]);
  // On a busy machine calls bunch up and more of them are refused: how often each is said is not the question here.
  const gapAt = warnings.findIndex((line) => line.startsWith('orders: gap (position-trimmed): '));
  const [beforeCapture, ...following] = warnings.slice(0, gapAt);
  expect(beforeCapture).toMatch(describeRefused);
  expect(following).toContainEqual(expect.stringMatching(/^orders: dynamodb:GetRecords on shardId-\S+ failed: /));
  expect(following).toContainEqual(
    expect.stringMatching(/^orders: Shard shardId-\S+ answers that records are trimmed, which is not sure yet/),
  );
  expect(warnings.slice(gapAt + 1)).toContainEqual(expect.stringMatching(describeRefused));
});

const describeRefused = /^orders: dynamodb:DescribeStream on orders failed: /;
