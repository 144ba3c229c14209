import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { type BothRuns, runBoth } from './both-taps.ts';
import { everyType } from './every-type.ts';
import { type LocalTables, startLocalTables } from './local-tables.ts';
import { LOCAL_CONFIG, messagesOf } from './run-tap.ts';
import { catalogOf, type SelectedTable } from './tap-catalog.ts';

export interface FollowedTables extends LocalTables {
  /** The initial loads, while the first shard of each table was open. */
  readonly first: BothRuns;
  /** The changes, when it was closed. */
  readonly second: BothRuns;
}

/** The emulator closes a shard every four hours of its clock: after 48 seconds. */
const SPEED = 300;
const POLL_MS = 500;
export const COUNT = 60;
/** So often some items are put again. */
const PASSES = 4;
/** Nine pages of a Scan. */
export const LARGE_COUNT = 100;
/** Records of its closed shard. */
export const LARGE_CHANGES = 5;
const LARGE_BYTES = 90_000;
const KEY = ['tenant', 'number'];
const NAMES = { '#n': 'number', '#map': 'map', '#list': 'list', '#l': 'long', '#d': 'a.b' };

export const TABLES = {
  orders: { name: 'orders', key: KEY, method: 'LOG_BASED' },
  projected: {
    ...{ name: 'projected', key: KEY, method: 'LOG_BASED' },
    ...{ projection: 'tenant,#n,#map.deep.#l,#list[0],#list[1],#d,texts', expressionAttributes: NAMES },
  },
  sparse: {
    ...{ name: 'sparse', key: KEY, method: 'LOG_BASED' },
    projection: 'tenant,#n,#map.nowhere,#list[1],#list[0],absent,integers[7]',
    expressionAttributes: { '#n': 'number', '#map': 'map', '#list': 'list' },
  },
  large: { name: 'large', key: ['id'], method: 'LOG_BASED' },
} as const satisfies Readonly<Record<string, SelectedTable>>;
/** With the latency of the Python tap. */
export const CLOSED_ONLY = { ...LOCAL_CONFIG, closed_shards_only: true };

/**
 * Tables that both taps have loaded and whose first shard, which holds changes of every kind, both have read when it was
 * closed. Takes about a minute.
 */
export async function startFollowedTables(): Promise<FollowedTables> {
  const tables = await startLocalTables({ speed: SPEED });
  try {
    return { ...tables, ...(await loadAndFollow(tables)) };
  } catch (error) {
    await tables.stop();
    throw error;
  }
}

async function loadAndFollow(tables: LocalTables): Promise<Pick<FollowedTables, 'first' | 'second'>> {
  const streams: string[] = [];
  for (const { name } of Object.values(TABLES)) {
    const isLarge = name === 'large';
    await tables.create({ name, key: isLarge ? { id: 'S' } : { tenant: 'S', number: 'N' } });
    const items = Array.from({ length: isLarge ? LARGE_COUNT : COUNT }, (_, number) =>
      isLarge ? large(number) : order(number),
    );
    await tables.put(name, items);
    streams.push(await tables.enableStream(name));
    // The emulator takes a shard for trimmed when it was asked for while it was empty.
    await tables.put(name, [isLarge ? large(0) : { ...order(0), flag: { BOOL: false } }]);
  }
  const catalog = catalogOf(Object.values(TABLES));
  const first = await runBoth({ config: CLOSED_ONLY, catalog });
  for (const run of Object.values(first)) messagesOf(run);
  await change(tables);
  // There is no event to wait for.
  while ((await Promise.all(streams.map(tables.shards))).some(({ length }) => length === 1)) await delay(POLL_MS);
  // Else the next shards would be closed, and records trimmed, in the middle of a test.
  tables.dynamo.setSpeed(1);
  const second = await runBoth({ config: CLOSED_ONLY, catalog, since: first });
  return { first, second };
}

export function order(number: number): DynamoItem {
  return { ...everyType(number), ...orderKey(number) };
}

function orderKey(number: number): DynamoItem {
  return { tenant: { S: `tenant ${number % 5} ü` }, number: { N: `${number}` } };
}

function large(number: number): DynamoItem {
  return { id: { S: `id ${number}` }, n: { N: `${number}` }, filler: { S: 'x'.repeat(LARGE_BYTES) } };
}

/** New items, other values, removed attributes, deletes, an item that comes back. */
async function change({ put, delete: remove }: LocalTables): Promise<void> {
  for (const name of ['orders', 'projected', 'sparse']) {
    await put(name, [order(COUNT), { ...order(COUNT + 1), added: { S: 'new' } }]);
    await put(name, [
      { ...order(2), decimal: { N: '0.1' } },
      { ...order(6), list: { L: [{ S: 'y' }, { L: [] }] } },
    ]);
    await remove(name, [3, 4, 5, COUNT].map(orderKey));
    await put(name, [{ ...order(4), text: { S: 'back' } }]);
  }
  await put('orders', [{ ...orderKey(1), text: { S: 'the rest is gone' } }]);
  // The Python tap writes a STATE every 100 records.
  for (let pass = 0; pass < PASSES; pass += 1) {
    const items = Array.from({ length: COUNT }, (_, at) => ({ ...orderKey(1_000 + at), n: { N: `${pass}` } }));
    await put('orders', items);
  }
  await put('large', [{ ...large(1), n: { N: '-1' } }, large(LARGE_COUNT)]);
  await remove('large', [{ id: { S: 'id 2' } }, { id: { S: 'id 99' } }]);
}
