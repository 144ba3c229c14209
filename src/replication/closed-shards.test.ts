import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FollowedOrders, followedOrders, HOUR_MS } from '../../test/support/followed-orders.ts';

let orders: FollowedOrders;

beforeEach(async () => {
  // Slower than elsewhere: a minute of patience has to be more than a busy machine takes for some requests.
  orders = await followedOrders({ factor: 400 });
  orders.simulator.streams.setRollEvery('orders', null);
});
afterEach(() => orders.simulator.close());

const roll = (): void => orders.simulator.streams.rollAll('orders');
const readCount = (): number => orders.simulator.requests.count({ action: 'GetRecords' });

describe.each(['ordered', 'merge'] as const)(
  'of closed shards only, into a destination with the changes %s',
  (changes) => {
    const run = () => orders.run({ shards: 'closed', faults: { changes } });

    test('a first load ends without the open shard, and its changes come when it has closed', async () => {
      orders.put('a', 1);
      orders.put('b', 1);
      await run();
      expect(orders.state()?.phase).toBe('following');
      orders.put('a', 2);
      orders.remove('b');
      orders.put('c', 1);
      await run();
      expect(orders.alive()).toEqual({ a: 1, b: 1 });
      expect(readCount()).toBe(0);
      roll();
      orders.put('c', 2);
      await run();
      expect(orders.alive()).toEqual({ a: 2, c: 1 });
      roll();
      await run();
      expect(orders.alive()).toEqual({ a: 2, c: 2 });
      expect(orders.gaps()).toEqual([]);
    });

    test('what closed while the table was scanned is read before the load ends', async () => {
      for (const pk of ['a', 'b', 'c']) orders.put(pk, 1);
      let isChanged = false;
      orders.simulator.onRequest(({ action }) => {
        if (action !== 'Scan' || isChanged) return;
        isChanged = true;
        orders.put('a', 2);
        orders.remove('b');
        roll();
        orders.put('c', 2);
        roll();
      });
      await run();
      expect(orders.state()?.phase).toBe('following');
      expect(orders.alive()).toEqual({ a: 2, c: 2 });
      expect(readCount()).toBeGreaterThan(0);
    });

    test('a pause of 22 hours loses nothing, one of 26 is a gap, and the table is read again in place', async () => {
      for (const pk of ['a', 'b', 'c']) orders.put(pk, 1);
      await run();
      orders.put('a', 2);
      orders.clock.jump(HOUR_MS);
      roll();
      orders.clock.jump(21 * HOUR_MS);
      await run();
      expect(orders.alive()).toEqual({ a: 2, b: 1, c: 1 });
      expect(orders.gaps()).toEqual([]);
      orders.put('a', 3);
      orders.remove('b');
      roll();
      orders.clock.jump(26 * HOUR_MS);
      await run();
      expect(orders.alive()).toEqual({ a: 3, c: 1 });
      expect(orders.gaps()).toMatchObject([{ reaction: 'resync', resolvedAtMs: expect.any(Number) }]);
      expect(orders.state()?.phase).toBe('following');
    });

    test('a stream that was disabled is read to its end, because that closes its shards', async () => {
      orders.put('a', 1);
      await run();
      orders.put('a', 2);
      await orders.send('UpdateTable', { TableName: 'orders', StreamSpecification: { StreamEnabled: false } });
      await expect(run()).rejects.toMatchObject({ code: 'GAP_WAITS' });
      expect(orders.alive()).toEqual({ a: 2 });
      expect(orders.gaps()).toMatchObject([{ kind: 'stream-disabled' }]);
    });
  },
);
