import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { runCli } from '../cli/run-cli.ts';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { expectFollowed } from '../support/expect-followed.ts';
import { growShardForest } from '../support/shard-forest.ts';
import { SHOP_ENVIRONMENT, warehouseOf, writeShopConfig } from '../support/shop-config.ts';

/** `npm run test:soak -- many-shards` has 5,000 shards. */
const CHAIN_COUNT = process.env['TRIBUTARY_TEST_LONG'] === 'true' ? 1_000 : 100;
const DEPTH = 5;
const TABLE = 'orders';
const STATE_BYTES_PER_SHARD = 1_000_000 / 5_000;

test(`${CHAIN_COUNT * DEPTH} shards in lineages of ${DEPTH}: caught up and exact, no limit exceeded, little state`, {
  timeout: 300_000,
}, async () => {
  const simulator = await startSimulator();
  const folder = mkdtempSync(join(tmpdir(), 'tributary-shards-'));
  const options = ['--config', join(folder, 'tributary.yaml'), '--home', join(folder, 'home')];
  const tributary = async (...argv: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runCli([...argv, ...options], { environment: SHOP_ENVIRONMENT });
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout;
  };
  const keys = growShardForest(simulator, { table: TABLE, chainCount: CHAIN_COUNT, depth: DEPTH });
  writeShopConfig(folder, { endpoint: simulator.endpoint, tables: { [TABLE]: { method: 'LOG_BASED' } } });

  await tributary('sync');
  const stateBytes = Buffer.byteLength(await tributary('state', 'export'));
  // What comes later is followed from there, and shards that roll meanwhile leave no more state than there was.
  simulator.streams.rollAll(TABLE);
  simulator.tables.putItems(
    TABLE,
    keys.slice(1, 50).map((key) => ({ ...key, generation: { N: '99' } })),
  );
  await tributary('sync');

  const items = simulator.tables.items(TABLE).map((text): DynamoItem => JSON.parse(text));
  expect(items.length).toBeLessThan(keys.length);
  const keysByText = new Map(keys.map((key) => [JSON.stringify(key), key]));
  await expectFollowed({ path: warehouseOf(folder), table: TABLE, key: ['id'], items, keys: keysByText });
  expect(simulator.requests.count({ error: 'LimitExceededException' })).toBe(0);
  expect(stateBytes).toBeLessThan(STATE_BYTES_PER_SHARD * CHAIN_COUNT * DEPTH);
  await simulator.close();
  rmSync(folder, { recursive: true });
});
