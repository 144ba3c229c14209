import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Environment, homePath } from '../config/environment.ts';
import type { TributaryConfig } from '../config/tributary-config.ts';
import type { Clock } from '../platform/clock.ts';
import { systemCodeOf, TributaryError } from '../platform/errors.ts';
import { formatCount, plural } from '../platform/format.ts';
import { silentLogger } from '../platform/logger.ts';
import { makeFolder } from '../platform/make-folder.ts';
import type { SHOP_TABLES } from '../simulator/shop-data.ts';
import type { Simulator } from '../simulator/simulator.ts';
import type { CliContext } from './context.ts';
import { examples, type GlobalOptions, type Program, withoutOptions } from './program.ts';
import { runSource } from './run-source.ts';
import { destinationOf, selectedSource } from './selected-source.ts';
import { withDestination } from './with-destination.ts';

type ShopTable = (typeof SHOP_TABLES)[number];

/** A simulator takes any key; a variable holds it because a secret in the file is refused, here as anywhere. */
const SECRET_VARIABLE = 'TRIBUTARY_DEMO_SECRET';
const SAMPLE_ROWS = 3;
const WRITE_INTERVAL_MS = 200;
const WRITES_AT_ONCE = 5;
/** An endpoint on this machine answers at once or not at all. */
const PROBE_TIMEOUT_MS = 2_000;

export function addDemoVerb(program: Program, context: CliContext): void {
  withoutOptions(program.command('demo'), ['config', 'source', 'table'])
    .summary('replicate a simulated shop, no account needed')
    .description(
      'Starts a DynamoDB simulator with the tables of a shop in this process, replicates them into a DuckDB file under the ' +
        'home folder, and shows what has landed there.',
    )
    .option('--keep', 'leave the simulator running afterwards, with orders that change, for playing')
    .addHelpText('after', examples('tributary demo', 'tributary demo --keep'))
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      const folder = join(homePath(options.home, context.environment), 'demo');
      const signal = context.stopSignal('Stopping');
      await refuseBesideAnother(folder, context);
      const { startSimulator } = await import('../simulator/simulator.ts');
      const { SHOP_TABLES: shop } = await import('../simulator/shop-data.ts');
      const simulator = await startSimulator();
      try {
        for (const table of shop) createShopTable(simulator, table);
        const config = await demoConfig({ folder, shop, simulator, context });
        introduce(shop, simulator, { options, context });
        await replicateDemo({ config, options, context, signal });
        if (options.keep) await keepWriting({ simulator, shop, config, context, signal });
      } finally {
        await simulator.close();
      }
    });
}

function createShopTable({ tables }: Simulator, { name, key, itemCount, item }: ShopTable): void {
  tables.create({
    TableName: name,
    AttributeDefinitions: key.map((attribute) => ({ AttributeName: attribute.name, AttributeType: attribute.type })),
    KeySchema: key.map((attribute, index) => ({
      AttributeName: attribute.name,
      KeyType: index === 0 ? 'HASH' : 'RANGE',
    })),
    BillingMode: 'PAY_PER_REQUEST',
  });
  tables.putItems(
    name,
    Array.from({ length: itemCount }, (_, number) => item(number)),
  );
}

/** Another demo that still runs lives in the same folder: to write over its configuration would take its tables away. */
async function refuseBesideAnother(folder: string, { environment }: CliContext): Promise<void> {
  const endpoint = await earlierEndpoint(folder, environment);
  if (endpoint === null || !(await answers(endpoint))) return;
  throw new TributaryError('USAGE', `Another demo is running at ${endpoint}, with its files in ${folder}`, {
    hint: 'End it with Ctrl-C in its terminal, or give this one a folder of its own: demo --home another-folder',
  });
}

async function earlierEndpoint(folder: string, environment: Environment): Promise<string | null> {
  try {
    const config = await readDemoConfig(folder, environment);
    return selectedSource(config, {}).connection.endpoint;
  } catch (error) {
    // None, or one that somebody has changed beyond reading: it tells of no other demo.
    if (error instanceof TributaryError) return null;
    throw error;
  }
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return true;
  } catch {
    // Refused, or no answer in time: whoever was there has gone.
    return false;
  }
}

function demoFile(folder: string): string {
  return join(folder, 'tributary.yaml');
}

async function readDemoConfig(folder: string, environment: Environment): Promise<TributaryConfig> {
  const { loadConfig } = await import('../config/load-config.ts');
  return await loadConfig({
    path: demoFile(folder),
    home: folder,
    environment: { ...environment, [SECRET_VARIABLE]: 'demo' },
  });
}

interface DemoSetup {
  readonly folder: string;
  readonly shop: readonly ShopTable[];
  readonly simulator: Simulator;
  readonly context: CliContext;
}

/** Writes the configuration of the demo, over that of an earlier one: its simulator is gone. */
async function demoConfig({ folder, shop, simulator, context }: DemoSetup): Promise<TributaryConfig> {
  const path = demoFile(folder);
  const yaml = `# Written by \`tributary demo\`. The simulator is there as long as \`tributary demo --keep\` runs.
sources:
  shop:
    region: ${simulator.region}
    endpoint: ${simulator.endpoint}
    credentials: { access_key_id: demo, secret_access_key: "\${${SECRET_VARIABLE}}" }
    destination: warehouse
    tables:
${shop.map(({ name }) => `      ${name}: { method: FULL_TABLE }`).join('\n')}
destinations:
  warehouse: { type: duckdb, path: ./warehouse.duckdb }
`;
  try {
    makeFolder(folder);
    await writeFile(path, yaml);
  } catch (error) {
    const reason = systemCodeOf(error) ?? 'unknown reason';
    throw new TributaryError('CONFIG_UNWRITABLE', `${path} could not be written (${reason})`, { cause: error });
  }
  return await readDemoConfig(folder, context.environment);
}

interface DemoRun {
  readonly config: TributaryConfig;
  readonly options: GlobalOptions;
  readonly context: CliContext;
  readonly signal: AbortSignal;
}

function introduce(
  shop: readonly ShopTable[],
  simulator: Simulator,
  { options, context }: Pick<DemoRun, 'options' | 'context'>,
): void {
  if (options.json) return;
  const items = shop.reduce((sum, { itemCount }) => sum + itemCount, 0);
  context.output.text(
    `A simulated DynamoDB at ${simulator.endpoint} holds ${plural(shop.length, 'table')}, ${formatCount(items)} items.`,
  );
}

async function replicateDemo({ config, options, context, signal }: DemoRun): Promise<void> {
  const source = selectedSource(config, {});
  const failure = await runSource({
    config,
    source,
    options,
    allowShrink: true,
    isContinuous: false,
    // What the demo shows stands on its own; the log file has the lines.
    shownLevel: 'WARNING',
    context,
    signal,
  });
  if (failure !== null) throw failure;
  if (options.json) return;
  const { output } = context;
  const destination = destinationOf(config, source);
  const sampled = source.tables.has('orders') ? 'orders' : ([...source.tables.keys()][0] ?? '');
  const rows = await withDestination({ context, destination, log: silentLogger }, (opened) =>
    opened.sample({ source: source.name, table: sampled }, SAMPLE_ROWS),
  );
  output.text(`\n${output.colors.bold(`SELECT * FROM ${source.name}.${sampled} LIMIT ${SAMPLE_ROWS}`)}`);
  for (const row of rows) output.text(row);
  output.text(`\nThe DuckDB file:    ${join(destination.baseFolder, String(destination.options['path']))}`);
  output.text(`The configuration:  ${config.path}`);
}

interface Playground {
  readonly simulator: Simulator;
  readonly shop: readonly ShopTable[];
  readonly config: TributaryConfig;
  readonly context: CliContext;
  readonly signal: AbortSignal;
}

/** Changes orders until Ctrl-C, which is the way to end this and so no failure. */
async function keepWriting({ simulator, shop, config, context, signal }: Playground): Promise<void> {
  const { output, clock } = context;
  output.text('\nThe simulator keeps running and its orders change. In another terminal:');
  output.text(`  export ${SECRET_VARIABLE}=demo TRIBUTARY_CONFIG=${config.path}`);
  output.text(`  ${programCommand()} sync`);
  output.text('Ctrl-C ends it.');
  const orders = shop.find(({ name }) => name === 'orders');
  if (orders === undefined) throw new TributaryError('BUG', 'The demo has no orders to change');
  for (let round = 0; await sleeps(clock, signal); round++) {
    const numbers = Array.from(
      { length: WRITES_AT_ONCE },
      (_, index) => orders.itemCount + round * WRITES_AT_ONCE + index,
    );
    simulator.tables.putItems('orders', numbers.map(orders.item));
    const oldest = orders.item(round % orders.itemCount);
    simulator.tables.deleteItems('orders', [Object.fromEntries(orders.key.map(({ name }) => [name, oldest[name]]))]);
  }
}

/** How a person starts this program; run from its sources it is not installed. */
function programCommand(): string {
  const script = fileURLToPath(new URL('../bin/tributary.ts', import.meta.url));
  return import.meta.url.endsWith('.ts') ? `npx tsx ${relative(process.cwd(), script)}` : 'tributary';
}

/** Resolves to false when the signal ended the sleep. */
async function sleeps(clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(WRITE_INTERVAL_MS, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
