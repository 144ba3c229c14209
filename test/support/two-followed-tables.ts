import { defaultTable } from '../../src/config/table-defaults.ts';
import { createMemoryDestination } from '../../src/load/memory/memory.ts';
import { createMemoryStore } from '../../src/load/memory/memory-store.ts';
import { type SyncRequest, sync } from '../../src/operations/sync.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { createHurriedClock } from './hurried-clock.ts';
import { connectTo } from './local-connection.ts';

const TABLES = ['carts', 'orders'];

/** A simulated source whose tables `carts` and `orders` are selected as LOG_BASED, and empty destinations in memory. */
export async function twoFollowedTables() {
  const clock = createHurriedClock(100);
  const simulator: Simulator = await startSimulator({ clock });
  for (const name of TABLES) {
    simulator.tables.create({
      TableName: name,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    });
  }
  const connection = connectTo(simulator, clock);
  const source = {
    ...{ name: 'shop', connection: connection.options, accountId: null, destination: 'warehouse' },
    ...{ readCapacity: null, maxConcurrency: 4, flushIntervalMs: 1_000, pricePerMillionReadsUsd: null },
    selectNewTables: [],
    tables: new Map(TABLES.map((table) => [table, defaultTable(table, 'LOG_BASED')])),
  };
  const surroundings = { clock, log: silentLogger, signal: new AbortController().signal };
  return {
    simulator,
    /** What a person asks to be done to tables, at a destination of its own. */
    request: () => ({
      ...{ source, tables: TABLES, connection, ...surroundings },
      destination: createMemoryDestination(createMemoryStore()),
    }),
    /** One run of both. */
    replicate: (request: Pick<SyncRequest, 'source' | 'tables' | 'connection' | 'destination'>) =>
      sync({
        ...{ ...surroundings, ...request, allowShrink: false, isContinuous: false, runId: 'run' },
        ...{ onTable: () => {}, onProgress: () => {} },
      }),
    async [Symbol.asyncDispose]() {
      connection.close();
      await simulator.close();
    },
  };
}
