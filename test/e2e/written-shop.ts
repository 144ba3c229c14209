import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { expectFollowed } from '../support/expect-followed.ts';
import { randomWrites, WRITTEN_KEY } from '../support/random-writes.ts';
import { type RunningSync, startSync } from '../support/running-sync.ts';
import { warehouseOf, writeShopConfig } from '../support/shop-config.ts';
import { startWriting, type TableWriter } from '../support/table-writer.ts';
import { untilCount } from '../support/until-readable.ts';

const TABLE = 'orders';

interface WrittenShopOptions {
  readonly seed: number;
  readonly keyCount: number;
  readonly initialShards: number;
}

export type WrittenShop = Awaited<ReturnType<typeof openWrittenShop>>;

/** A simulated table whose shards change on command only, writers for it, and a folder to follow it from. */
export async function openWrittenShop({ seed, keyCount, initialShards }: WrittenShopOptions) {
  const simulator = await startSimulator({ rollShardsEveryMs: null });
  const { tables, streams } = simulator;
  tables.create({
    TableName: TABLE,
    KeySchema: [...WRITTEN_KEY.KeySchema],
    AttributeDefinitions: [...WRITTEN_KEY.AttributeDefinitions],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
  streams.setInitialShards(TABLE, initialShards);
  const client = new DynamoDBClient({
    endpoint: simulator.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
  });
  const folder = mkdtempSync(join(tmpdir(), 'tributary-follow-'));
  const path = warehouseOf(folder);
  writeShopConfig(folder, { endpoint: simulator.endpoint, tables: { [TABLE]: { method: 'LOG_BASED' } } });
  const writes = randomWrites({ seed, keyCount });
  const lastKeys = new Map<string, DynamoItem>();
  const runs: RunningSync[] = [];
  let pass = 0;

  return {
    simulator,
    folder,
    /** The DuckDB file. */
    path,
    table: TABLE,
    /** Many writes at once, without HTTP; an update is a put here. */
    seed: (count: number): void => {
      for (let left = count; left > 0; left -= 1) {
        const write = writes.next();
        if (write.kind === 'delete') tables.deleteItems(TABLE, [write.key]);
        else tables.putItems(TABLE, [write.kind === 'put' ? write.item : { ...write.key, ...write.set }]);
      }
    },
    startWriting: (perSecond: number): TableWriter => startWriting({ client, table: TABLE, writes, perSecond }),
    follow: (): RunningSync => {
      const run = startSync(folder, ['--follow']);
      runs.push(run);
      return run;
    },
    /** Resolves when the run has made everything durable that was written until now, whatever shard it is in. */
    caughtUp: async (sync: RunningSync): Promise<void> => {
      pass += 1;
      const keys = keysOfShards(simulator);
      for (const key of keys) lastKeys.set(JSON.stringify(key), key);
      tables.putItems(
        TABLE,
        keys.map((key) => ({ ...key, pass: { N: String(pass) } })),
      );
      const sql = `SELECT count(*) FROM shop.${TABLE} WHERE pass = ${pass}`;
      await untilCount({ path, sync }, { sql, count: keys.length });
      // Rows are readable before; but a snapshot is only over when this is said.
      await sync.line(/has caught up/);
    },
    expectEqual: async (): Promise<void> => {
      const items = tables.items(TABLE).map((text): DynamoItem => JSON.parse(text));
      const keys = new Map([...writes.keys, ...lastKeys]);
      await expectFollowed({ path, table: TABLE, key: ['tenant', 'number'], items, keys });
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      // After a failure some are still there.
      for (const run of runs) run.process.kill('SIGKILL');
      await Promise.all(runs.map(({ exited }) => exited));
      client.destroy();
      await simulator.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A key for each open shard that goes to it. */
function keysOfShards({ streams }: Simulator): readonly DynamoItem[] {
  const keys = new Map<string, DynamoItem>();
  const open = streams.openShardIds(TABLE);
  for (let number = 0; keys.size < open.length; number += 1) {
    const key = { tenant: { S: `last ${number}` }, number: { N: '0' } };
    keys.set(streams.shardOf(TABLE, key), key);
  }
  return [...keys.values()];
}
