import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { type CliOptions, type CliRun, runCli } from '../cli/run-cli.ts';
import { type FoundTable, readDuckDbTable } from '../support/duckdb-reader.ts';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { compareExactly, exact } from '../support/exact.ts';
import { readFilesTable } from './files-reader.ts';

type DestinationKind = 'duckdb' | 'files';
export const DESTINATIONS = ['duckdb', 'files'] as const satisfies readonly DestinationKind[];

interface ShopOptions {
  readonly destination?: DestinationKind;
  /** Created with the key `id` and selected; each holds `items`. */
  readonly tables?: readonly string[];
  readonly items?: readonly DynamoItem[];
  readonly simulator?: SimulatorOptions;
}

/** Options that replace or join those of the configuration, as the file has them; `undefined` takes one away. */
interface Changes {
  readonly source?: Readonly<Record<string, unknown>>;
  readonly destination?: Readonly<Record<string, unknown>>;
  readonly tables?: Readonly<Record<string, unknown>>;
}

/** As the configuration has them. */
export const SHOP_KEYS = { access_key_id: 'SHOPKEY', secret_access_key: reference('SHOP_SECRET') };

export type Shop = Awaited<ReturnType<typeof openShop>>;

/** A simulated DynamoDB, a configuration that selects its tables, and a reader of the destination that shares no code with it. */
export async function openShop(options: ShopOptions = {}) {
  const { destination = 'duckdb', tables = ['orders'], items = orders(50) } = options;
  const simulator = await startSimulator(options.simulator);
  for (const table of tables) fill(simulator, table, items);
  const folder = await mkdtemp(join(tmpdir(), 'tributary-trouble-'));
  const configPath = join(folder, 'tributary.yaml');
  const disk = join(folder, 'disk');
  const place = join(disk, destination === 'duckdb' ? 'warehouse.duckdb' : 'warehouse');
  const environment: Record<string, string> = {
    SHOP_SECRET: 'secret',
    TRIBUTARY_CONFIG: configPath,
    TRIBUTARY_HOME: join(folder, 'home'),
  };

  const configure = async (changes: Changes = {}): Promise<void> => {
    const source = {
      region: 'us-east-1',
      endpoint: simulator.endpoint,
      sts_endpoint: simulator.endpoint,
      credentials: SHOP_KEYS,
      destination: 'warehouse',
      tables: changes.tables ?? Object.fromEntries(tables.map((table) => [table, { method: 'FULL_TABLE' }])),
      ...changes.source,
    };
    const warehouse = { type: destination, path: place, ...changes.destination };
    // JSON is YAML.
    await writeFile(configPath, JSON.stringify({ sources: { shop: source }, destinations: { warehouse } }, null, 2));
  };
  await configure();

  const tributary = async (...argv: string[]): Promise<CliRun> => await runCli(argv, { environment });
  const read = async (table: string): Promise<FoundTable | null> => {
    if (!existsSync(place)) return null;
    if (destination === 'files') return await readFilesTable(place, { source: 'shop', table });
    return await readDuckDbTable(place, { source: 'shop', name: table, schema: 'shop', table });
  };

  return {
    simulator,
    folder,
    configPath,
    /** The folder of the destination, and nothing else's: made by the first run. */
    disk,
    /** The DuckDB file, or the folder of JSON Lines. */
    place,
    environment,
    configure,
    configText: async (): Promise<string> => await readFile(configPath, 'utf8'),
    tributary,
    /** `tributary sync` with something to watch it by. */
    watchedSync: (watch: Pick<CliOptions, 'onStderr' | 'onStart'>): Promise<CliRun> =>
      runCli(['sync'], { environment, ...watch }),
    /** The run must succeed. */
    sync: async (...argv: string[]): Promise<void> => {
      const { exitCode, stderr } = await tributary('sync', ...argv);
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    },
    /** Replaces all items of a table at the source. */
    restock: (items: readonly DynamoItem[], table = 'orders'): void => {
      simulator.tables.deleteItems(table, simulator.tables.items(table).map(keyOf));
      simulator.tables.putItems(table, items);
    },
    /** Readers see exactly these items, all of one version. */
    expectLive: async (items: readonly DynamoItem[], table = 'orders'): Promise<void> => {
      const found = await read(table);
      if (found === null) throw new Error(`There is nothing to read at ${place}`);
      const { columns, rows, versions } = found;
      expect(compareExactly({ items, rows, columns, key: ['id'] })).toEqual(exact(items.length));
      expect(versions).toHaveLength(1);
    },
    read,
    /** Every byte at the destination; null where there is nothing. */
    fingerprint: (): Promise<string | null> => fingerprint(place),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await simulator.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Items of a table with the key `id`; every revision differs in each item. */
export function orders(count: number, { revision = 1, textBytes = 20 } = {}): readonly DynamoItem[] {
  return Array.from({ length: count }, (_, number) => ({
    id: { S: `order-${number}` },
    number: { N: String(number) },
    revision: { N: String(revision) },
    text: { S: 'x'.repeat(textBytes) },
  }));
}

/** What a command that failed says to people: the last lines of stderr, without the log before them. */
export function saidError({ stderr }: CliRun): string {
  return /^(?:error|stopped) [A-Z_]+: [\s\S]*$/m.exec(stderr)?.[0] ?? '';
}

function fill(simulator: Simulator, table: string, items: readonly DynamoItem[]): void {
  simulator.tables.create({
    TableName: table,
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  simulator.tables.putItems(table, items);
}

function keyOf(item: string) {
  return { id: JSON.parse(item).id };
}

async function fingerprint(path: string): Promise<string | null> {
  if (!existsSync(path)) return null;
  const hash = createHash('sha256');
  const add = async (file: string): Promise<void> => {
    if ((await stat(file)).isFile()) hash.update(`${file}\n`).update(await readFile(file));
    else for (const name of (await readdir(file)).sort()) await add(join(file, name));
  };
  await add(path);
  return hash.digest('hex');
}

/** How the file refers to an environment variable. */
export function reference(variable: string): string {
  return `\${${variable}}`;
}
