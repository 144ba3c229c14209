import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'vitest';
import { type CliOptions, type CliRun, jsonLines, runCli } from './run-cli.ts';
import { openShop, type Shop } from './shop.ts';

/** The shop with a table `carts` that is selected as LOG_BASED. */
export interface FollowedShop extends Shop {
  run(argv: readonly string[], options?: Omit<CliOptions, 'environment'>): Promise<CliRun>;
  /** What a command that succeeded printed for people. */
  says(...argv: string[]): Promise<string>;
  /** The last JSON document of a command that succeeded. */
  answer(...argv: string[]): Promise<unknown>;
  /** Puts carts with these numbers. */
  put(carts: Readonly<Record<string, number>>): void;
  /** Carts in a DuckDB file of the folder by key: their number, null where they are marked as deleted. */
  carts(file?: string): Promise<Readonly<Record<string, number | null>>>;
  /** Disables the stream of the carts; enabled again it is another one. */
  enableStream(enabled: boolean): Promise<void>;
}

export async function openFollowedShop(tableOptions = ''): Promise<FollowedShop> {
  const shop = await openShop({ items: 3 });
  const { simulator, environment, config, folder } = shop;
  simulator.tables.create({
    TableName: 'carts',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
  const yaml = await readFile(config, 'utf8');
  const carts = `{ carts: { method: LOG_BASED${tableOptions} } }`;
  await writeFile(
    config,
    yaml
      .replace('destination: warehouse\n', 'destination: warehouse\n    flush_interval: 100ms\n')
      .replace('{} #', `${carts} #`),
  );
  const run: FollowedShop['run'] = async (argv, options = {}) => await runCli(argv, { environment, ...options });
  const says: FollowedShop['says'] = async (...argv) => {
    const { exitCode, stdout, stderr } = await run(argv);
    expect(exitCode, stderr).toBe(0);
    return stdout;
  };
  return {
    ...shop,
    run,
    says,
    answer: async (...argv) => jsonLines(await says(...argv, '--json')).at(-1),
    put: (items) =>
      simulator.tables.putItems(
        'carts',
        Object.entries(items).map(([pk, n]) => ({ pk: { S: pk }, n: { N: String(n) } })),
      ),
    carts: async (file = 'warehouse.duckdb') => await readCarts(join(folder, file)),
    enableStream: async (enabled) => {
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const client = new DynamoDBClient({ endpoint: simulator.endpoint, region: 'us-east-1', credentials });
      const stream = enabled ? { StreamViewType: 'NEW_IMAGE' as const } : {};
      await client.send(
        new UpdateTableCommand({ TableName: 'carts', StreamSpecification: { StreamEnabled: enabled, ...stream } }),
      );
      client.destroy();
    },
    [Symbol.asyncDispose]: shop[Symbol.asyncDispose],
  };
}

async function readCarts(path: string): Promise<Readonly<Record<string, number | null>>> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const sql = 'SELECT pk, CASE WHEN _sdc_deleted_at IS NULL THEN n::INTEGER END FROM shop.carts ORDER BY pk';
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  connection.closeSync();
  instance.closeSync();
  return Object.fromEntries(rows.map(([pk, n]) => [String(pk), n === null ? null : Number(n)]));
}
