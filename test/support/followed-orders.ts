import { createMemoryDestination } from '../../src/load/memory/memory.ts';
import type { MemoryLoadOptions } from '../../src/load/memory/memory-load.ts';
import { createMemoryStore, type MemoryStore, memoryKey } from '../../src/load/memory/memory-store.ts';
import { tableState } from '../../src/load/table-ledger.ts';
import type { Gap } from '../../src/model/gap.ts';
import type { TableState } from '../../src/model/table-state.ts';
import type { LiveVersion } from '../../src/replication/log-based-replication.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { moveUnits } from '../../src/state/move-units.ts';
import { createHurriedClock, type HurriedClock } from './hurried-clock.ts';
import { runLogBased } from './log-based-run.ts';

export const HOUR_MS = 3_600_000;
const TARGET = { source: 'shop', table: 'orders' };

export interface OrderRow {
  readonly pk: string;
  readonly v?: number;
  readonly _sdc_deleted_at: string | null;
}

type RunOptions = Partial<Parameters<typeof runLogBased>[0]> & { readonly faults?: MemoryLoadOptions };

/** A simulated table `orders` with a stream, and what runs make of it in memory, on a clock that hurries. */
export interface FollowedOrders {
  readonly simulator: Simulator;
  readonly clock: HurriedClock;
  readonly store: MemoryStore;
  createTable(): void;
  put(pk: string, v: number): void;
  remove(pk: string): void;
  run(options?: RunOptions): Promise<LiveVersion>;
  /** Every shard goes back to its start, as `tributary state rewind` does it. */
  rewind(): Promise<void>;
  rows(): readonly OrderRow[];
  /** `v` by `pk` of the rows that are not deleted. */
  alive(): Readonly<Record<string, number | undefined>>;
  state(): TableState | null;
  gaps(): readonly Gap[];
  /** An action of DynamoDB, by HTTP. */
  send(action: string, body: object): Promise<void>;
}

export async function followedOrders({ factor = 500 } = {}): Promise<FollowedOrders> {
  const clock = createHurriedClock(factor);
  const simulator = await startSimulator({ clock });
  const store = createMemoryStore();
  const rows = (): readonly OrderRow[] => {
    const live = store.tables.get(memoryKey(TARGET))?.live;
    return [...(live?.parts.byKey.values() ?? [])].map(({ line }) => JSON.parse(line));
  };
  const orders: FollowedOrders = {
    simulator,
    clock,
    store,
    createTable: () =>
      simulator.tables.create({
        TableName: 'orders',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    put: (pk, v) => simulator.tables.putItems('orders', [{ pk: { S: pk }, v: { N: String(v) } }]),
    remove: (pk) => simulator.tables.deleteItems('orders', [{ pk: { S: pk } }]),
    run: ({ faults = {}, ...options } = {}) =>
      runLogBased({
        simulator,
        destination: createMemoryDestination(store, faults),
        table: 'orders',
        clock,
        ...options,
      }),
    rewind: async () => {
      const { runStore } = createMemoryDestination(store);
      const [table] = await runStore.readTables('shop');
      if (table?.loading == null) throw new Error('Nothing is followed');
      const present = await runStore.readUnits('shop', 'orders');
      const { units } = moveUnits(
        present,
        present.map((unit) => ({ ...unit, position: 'start' })),
      );
      await runStore.rewriteUnits({ ...TARGET, version: table.loading.version, base: table.loading.base, units });
    },
    rows,
    alive: () => Object.fromEntries(rows().flatMap((row) => (row._sdc_deleted_at === null ? [[row.pk, row.v]] : []))),
    state: () => {
      const table = store.tables.get(memoryKey(TARGET));
      return table === undefined ? null : tableState(table);
    },
    gaps: () => [...store.gaps.values()],
    send: (action, body) => sendTo(simulator, action, body),
  };
  orders.createTable();
  return orders;
}

async function sendTo({ endpoint }: Simulator, action: string, body: object): Promise<void> {
  const credential = 'Credential=LOCAL/20260601/us-east-1/dynamodb/aws4_request';
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${action}`,
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
