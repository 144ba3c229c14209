import { expect, test } from 'vitest';
import { TributaryError } from '../../src/platform/errors.ts';
import { type FollowedOrders, followedOrders, HOUR_MS } from '../support/followed-orders.ts';

const HOURS = 30;
const SEGMENTS = 60;
const KEYS = 120;

/** A table whose Scan takes 30 hours of the simulator's clock, with a writer that never rests. */
async function longScan(): Promise<{ readonly orders: FollowedOrders; readonly stop: () => Promise<void> }> {
  const orders = await followedOrders({ factor: 10_000 });
  for (let index = 0; index < KEYS; index++) orders.put(`key-${index}`, 1);
  // One segment for 256 MB, a page each.
  orders.simulator.tables.reportStatistics('orders', { itemCount: 20_000, sizeBytes: SEGMENTS * 256 * 1024 * 1024 });
  const pageMs = (HOURS * HOUR_MS) / SEGMENTS;
  orders.simulator.onRequest(async ({ action }) => {
    if (action === 'Scan') await orders.clock.sleep(pageMs, new AbortController().signal);
  });
  let version = 1;
  const timer = setInterval(() => {
    version += 1;
    const key = `key-${version % KEYS}`;
    if (version % 7 === 0) orders.remove(key);
    else orders.put(key, version);
  }, 2);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
  };
  return { orders, stop };
}

function expectSame({ simulator, alive, gaps }: FollowedOrders): void {
  const items = simulator.tables.items('orders').map((json) => JSON.parse(json));
  expect(alive()).toEqual(Object.fromEntries(items.map((item) => [item.pk.S, Number(item.v.N)])));
  expect(gaps()).toEqual([]);
}

test('a snapshot of 30 hours, with writers all the time, loses nothing and is read once', async () => {
  const { orders, stop } = await longScan();
  try {
    const startedMs = orders.clock.now();
    await orders.run({ segmentConcurrency: 1 });
    expect(orders.clock.now() - startedMs).toBeGreaterThan(HOURS * HOUR_MS);
    await stop();
    await orders.run();
    expectSame(orders);
    const scans = orders.simulator.requests.count({ action: 'Scan' });
    expect(scans).toBe(SEGMENTS);
  } finally {
    await stop();
    await orders.simulator.close();
  }
});

test('the same snapshot, killed every hour', async () => {
  const { orders, stop } = await longScan();
  try {
    let kills = 0;
    for (let isComplete = false; !isComplete; ) {
      const deadline = new AbortController();
      const killed = new TributaryError('DESTINATION_FAILED', 'The process died here');
      const timer = orders.clock.sleep(HOUR_MS, deadline.signal).then(() => true);
      let isDead = false;
      const dead = new AbortController();
      void timer.then(
        () => {
          isDead = true;
          dead.abort(killed);
        },
        () => {},
      );
      const beforeCommit = (): void => {
        if (isDead) throw killed;
      };
      isComplete = await orders
        .run({ segmentConcurrency: 1, signal: dead.signal, faults: { beforeCommit }, flushIntervalMs: 60_000 })
        .then(
          () => true,
          () => false,
        );
      deadline.abort(new Error('The run has ended'));
      if (!isComplete) kills += 1;
      expect(kills).toBeLessThan(400);
    }
    expect(kills).toBeGreaterThan(10);
    await stop();
    await orders.run();
    expectSame(orders);
  } finally {
    await stop();
    await orders.simulator.close();
  }
});
