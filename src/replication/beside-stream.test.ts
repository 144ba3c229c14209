import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FollowedOrders, followedOrders } from '../../test/support/followed-orders.ts';
import { TributaryError } from '../platform/errors.ts';
import { createLogger } from '../platform/logger.ts';

let orders: FollowedOrders;

beforeEach(async () => {
  orders = await followedOrders();
  orders.simulator.streams.setRollEvery('orders', null);
  orders.put('a', 1);
  const [shard = ''] = orders.simulator.streams.openShardIds('orders');
  const child = orders.simulator.streams.roll('orders', shard);
  orders.simulator.streams.hideFromListing('orders', child, Number.POSITIVE_INFINITY);
});
afterEach(() => orders.simulator.close());

describe('a finished shard whose children are never listed', () => {
  test('ends a run that is to end, after five minutes', async () => {
    const startedMs = orders.clock.now();
    await expect(orders.run()).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: 'The stream of orders does not list what comes after 1 of its shards',
    });
    expect(orders.clock.now() - startedMs).toBeGreaterThanOrEqual(5 * 60_000);
  });

  test('keeps a run without end waiting, which says so once', async () => {
    const stop = new AbortController();
    const warnings: string[] = [];
    const isPast = new Promise<void>((resolve) => {
      const log = createLogger({
        location: 'main',
        level: 'WARNING',
        now: () => 0,
        write: (line) => {
          warnings.push(line);
          resolve();
        },
      });
      const running = orders.run({ log, signal: stop.signal, onCaughtUp: null });
      running.catch(() => {}).finally(resolve);
    });
    await isPast;
    // Long enough for a second one.
    await orders.clock.sleep(10 * 60_000, new AbortController().signal);
    stop.abort(new TributaryError('CANCELLED', 'stopped by a person'));
    expect(warnings).toEqual([
      expect.stringContaining(
        'orders: has not caught up: for 5 minutes its stream does not list what comes after 1 of its shards; it is asked again',
      ),
    ]);
    expect(orders.state()?.phase).toBe('snapshotting');
  });
});
