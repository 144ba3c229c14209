import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FollowedOrders, followedOrders } from '../../test/support/followed-orders.ts';
import { connectTo } from '../../test/support/local-connection.ts';
import type { Connection } from '../connection/clients.ts';
import { createMemoryDestination } from '../load/memory/memory.ts';
import { createLogger } from '../platform/logger.ts';
import { planRewind } from './state-rewind.ts';

let orders: FollowedOrders;
let connection: Connection;

beforeEach(async () => {
  orders = await followedOrders();
  connection = connectTo(orders.simulator, orders.clock);
  orders.put('a', 1);
  await orders.run();
});
afterEach(async () => {
  connection.close();
  await orders.simulator.close();
});

test('a rewind waits for the listing of shards, and says of which table it is', async () => {
  const warnings: string[] = [];
  const write = (line: string): void => {
    warnings.push(line);
  };
  const log = createLogger({ location: 'main', level: 'WARNING', now: () => 0, write });
  // A call that the run has given up may still arrive, and take the first.
  orders.simulator.faults.add({
    action: 'DescribeStream',
    times: 2,
    fault: { kind: 'throttle', error: 'LimitExceededException' },
  });
  const { units, backCount } = await planRewind({
    ...{ source: 'shop', table: 'orders', connection, destination: createMemoryDestination(orders.store), log },
    ...{ clock: orders.clock, signal: new AbortController().signal },
  });
  expect([
    backCount,
    units.filter(({ shard }) => shard !== null).every(({ position }) => position === 'start'),
  ]).toEqual([1, true]);
  expect(warnings).toEqual([expect.stringContaining('WARNING orders: dynamodb:DescribeStream on orders failed')]);
});
