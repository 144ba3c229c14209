import { expect, test } from 'vitest';
import { createMemoryDestination } from '../../src/load/memory/memory.ts';
import { exportState } from '../../src/operations/state-export.ts';
import { followedOrders, HOUR_MS } from '../support/followed-orders.ts';

const LINEAGES = 10;
const DEPTH = 5;
const RUNS = 1_000;
const RUNS_A_DAY = 12;

test('a thousand runs later, with shards that end before each, the state has not grown', {
  timeout: 400_000,
}, async () => {
  const { simulator, clock, store, run, put, alive, gaps } = await followedOrders({ factor: 400 });
  const { streams, tables } = simulator;
  try {
    streams.setInitialShards('orders', LINEAGES);
    streams.setRollEvery('orders', null);
    for (let generation = 0; generation < DEPTH; generation++) {
      for (let key = 0; key < 100; key++) put(`key-${key}`, generation);
      if (generation < DEPTH - 1) streams.rollAll('orders');
    }
    const stateBytes = async (): Promise<number> => {
      const destination = createMemoryDestination(store);
      return Buffer.byteLength(await exportState({ source: 'shop', tables: [], destination, nowMs: clock.now() }));
    };
    await run();
    const firstBytes = await stateBytes();
    for (let number = 1; number <= RUNS; number++) {
      clock.jump((24 / RUNS_A_DAY) * HOUR_MS);
      for (const shard of streams.openShardIds('orders').slice(0, 2)) streams.roll('orders', shard);
      put(`key-${number % 100}`, DEPTH + number);
      await run();
      // A shard stays for the day that its changes are held and a little more.
      if (number >= RUNS_A_DAY * 2) expect(await stateBytes(), `after run ${number}`).toBeLessThan(firstBytes);
    }
    const items = tables.items('orders').map((json) => JSON.parse(json));
    expect(alive()).toEqual(Object.fromEntries(items.map((item) => [item.pk.S, Number(item.v.N)])));
    expect(gaps()).toEqual([]);
  } finally {
    await simulator.close();
  }
});
