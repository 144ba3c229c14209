import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';

export interface Shop extends AsyncDisposable {
  readonly simulator: Simulator;
  /** For files of the test; removed at the end. */
  readonly folder: string;
  readonly config: string;
  /** The variables that the configuration refers to, and a home of its own. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A simulator with two tables, and a configuration that names it and selects nothing. */
export async function openShop({ items = 100 }: { readonly items?: number } = {}): Promise<Shop> {
  const simulator = await startSimulator();
  for (const name of ['orders', 'customers']) {
    simulator.tables.create({
      TableName: name,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    simulator.tables.putItems(
      name,
      Array.from({ length: items }, (_, number) => ({
        pk: { S: `k${number}` },
        n: { N: String(number) },
        text: { S: 'x'.repeat(400) },
      })),
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'tributary-cli-'));
  const config = join(folder, 'tributary.yaml');
  await writeFile(
    config,
    `# the shop
sources:
  shop:
    region: us-east-1
    endpoint: ${simulator.endpoint}
    credentials: { access_key_id: test, secret_access_key: "\${SHOP_SECRET}" }
    destination: warehouse
    tables: {} # chosen below
destinations:
  warehouse: { type: duckdb, path: ./warehouse.duckdb }
`,
  );
  const environment = { SHOP_SECRET: 'test', TRIBUTARY_CONFIG: config, TRIBUTARY_HOME: join(folder, 'home') };
  return {
    simulator,
    folder,
    config,
    environment,
    [Symbol.asyncDispose]: async () => {
      await simulator.close();
      await rm(folder, { recursive: true });
    },
  };
}
