import { existsSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { readDuckDbState, readDuckDbTable } from '../support/duckdb-reader.ts';
import type { DynamoItem } from '../support/dynamo-item.ts';
import { compareExactly, exact } from '../support/exact.ts';
import { type RunningSync, startSync } from '../support/running-sync.ts';
import { warehouseOf, writeShopConfig } from '../support/shop-config.ts';

/** `npm run test:soak -- e2e/kill` kills ten times in a sync of 100,000 items. */
const LONG = process.env['TRIBUTARY_TEST_LONG'] === 'true';
const ITEM_COUNT = LONG ? 100_000 : 20_000;

/** Where a sync is killed: at the nth event of its own progress. */
type Phase = 'scan' | 'staging' | 'commit' | 'checkpoint' | 'swap';
const KILLS: readonly { readonly phase: Phase; readonly nth: number }[] = [
  { phase: 'scan', nth: 5 },
  { phase: 'staging', nth: 1 },
  { phase: 'commit', nth: 1 },
  { phase: 'checkpoint', nth: 1 },
  { phase: 'swap', nth: 1 },
  ...(LONG
    ? ([
        { phase: 'scan', nth: 17 },
        { phase: 'staging', nth: 2 },
        { phase: 'commit', nth: 2 },
        { phase: 'checkpoint', nth: 2 },
        { phase: 'swap', nth: 1 },
      ] as const)
    : []),
];

/** Writes after which a commit of this table is at moving its header. */
const CHECKPOINT_WRITES = 8;

let simulator: Simulator;
let folder: string;

beforeAll(async () => {
  simulator = await startSimulator();
  simulator.tables.create({
    TableName: 'orders',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  simulator.tables.putItems(
    'orders',
    Array.from({ length: ITEM_COUNT }, (_, number) => order(number)),
  );
});
afterAll(() => simulator.close());

function order(number: number): DynamoItem {
  return {
    id: { S: `order-${number}` },
    total: { N: `${number}.${number % 97}` },
    // Large enough for several pages a segment in the long form.
    note: { S: 'left at the front desk of the building '.repeat(5) },
    lines: { L: [{ M: { sku: { S: `sku-${number % 13}` } } }] },
  };
}

/** Resolves when the sync has reached the nth event of the phase. */
async function reached(sync: RunningSync, phase: Phase, nth: number): Promise<void> {
  if (phase === 'scan') return simulator.requests.reached({ action: 'Scan' }, nth);
  if (phase === 'swap') await sync.line(/: swaps version/, nth);
  else await sync.line(/: commits \d+ rows/, nth);
  if (phase === 'commit' || phase === 'checkpoint') await fileChanged(phase === 'commit' ? 1 : CHECKPOINT_WRITES);
}

/** A commit writes its blocks into the file and at last moves the header: each write is an event of the folder. */
function fileChanged(times: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const watcher = watch(folder, (_, name) => {
      if (name !== 'warehouse.duckdb' || ++seen < times) return;
      watcher.close();
      resolve();
    });
  });
}

async function loaded() {
  const table = { source: 'shop', name: 'orders', schema: 'shop', table: 'orders' };
  return await readDuckDbTable(warehouseOf(folder), table);
}

describe('tributary sync, killed with SIGKILL', () => {
  test.each(KILLS)(
    'in $phase $nth: the next run reads no finished segment again and the result is exact',
    async ({ phase, nth }) => {
      folder = mkdtempSync(join(tmpdir(), 'tributary-kill-'));
      writeShopConfig(folder, { endpoint: simulator.endpoint, tables: { orders: { method: 'FULL_TABLE' } } });
      simulator.requests.clear();
      const killed = startSync(folder);
      const early = killed.exited.then(() => {
        throw new Error(`The sync ended before ${phase} ${nth}:\n${killed.log.join('\n')}`);
      });
      await Promise.race([reached(killed, phase, nth), early]);
      killed.process.kill('SIGKILL');
      expect((await killed.exited)[1]).toBe('SIGKILL');
      early.catch(() => {});
      const finished = await finishedUnits();

      simulator.requests.clear();
      const next = startSync(folder);
      const [code] = await next.exited;
      expect({ code, log: code === 0 ? [] : next.log }).toEqual({ code: 0, log: [] });
      const readAgain = simulator.requests
        .scans('orders')
        .filter(({ segment, totalSegments }) => finished.has(`segment:${segment}/${totalSegments}`));
      expect(readAgain).toEqual([]);
      if (phase === 'swap') expect(finished.size === 0 || finished.size === 8).toBe(true);

      const { columns, rows, versions } = await loaded();
      const items = Array.from({ length: ITEM_COUNT }, (_, number) => order(number));
      expect(compareExactly({ items, rows, columns, key: ['id'] })).toEqual(exact(ITEM_COUNT));
      expect(versions).toHaveLength(1);
      rmSync(folder, { recursive: true });
    },
  );
});

/** Segments that are durably at their end, unless the table has been swapped already. */
async function finishedUnits(): Promise<ReadonlySet<string>> {
  const path = warehouseOf(folder);
  if (!existsSync(path)) return new Set();
  const units = await readDuckDbState(path);
  return new Set(units.filter(({ position }) => position === 'end').map(({ unit }) => unit));
}
