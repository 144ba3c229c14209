import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectTo } from '../../test/support/local-connection.ts';
import { createTable, NEW_IMAGES } from '../../test/support/simulated-table.ts';
import { defaultTable } from '../config/table-defaults.ts';
import type { TableConfig } from '../config/tributary-config.ts';
import type { Connection } from '../connection/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { chooseTables } from './choose-tables.ts';

let simulator: Simulator;
let connection: Connection;

beforeEach(async () => {
  simulator = await startSimulator();
  connection = connectTo(simulator);
  createTable(simulator, 'orders', NEW_IMAGES);
  createTable(simulator, 'silent');
});
afterEach(async () => {
  connection.close();
  await simulator.close();
});

async function choose(
  tables: readonly TableConfig[],
  more: Partial<Pick<Parameters<typeof chooseTables>[0], 'followed'>> = {},
  {
    changes = 'merge',
    hardDeletes = true,
    selectNewTables = [],
  }: { changes?: 'merge' | 'ordered' | 'none'; hardDeletes?: boolean; selectNewTables?: string[] } = {},
) {
  const { chosen, refused } = await chooseTables({
    source: {
      ...{ name: 'shop', connection: connection.options, accountId: null, destination: 'warehouse' },
      ...{ readCapacity: null, maxConcurrency: 4, flushIntervalMs: 1_000, pricePerMillionReadsUsd: null },
      selectNewTables,
      tables: new Map(tables.map((table) => [table.table, table])),
    },
    tables: [],
    connection,
    destination: { capabilities: { changes, hardDeletes } },
    clock: systemClock,
    signal: new AbortController().signal,
    ...more,
  });
  return {
    chosen: chosen.map(({ config }) => `${config.table} ${config.method}`),
    refused: [...refused].map(([table, { code, message }]) => [table, code, message]),
  };
}

const following = (table: string, more: Partial<TableConfig> = {}): TableConfig => ({
  ...defaultTable(table, 'LOG_BASED'),
  ...more,
});

test('a table without a stream is refused, the others go on without it', async () => {
  expect(await choose([following('orders'), following('silent')])).toEqual({
    chosen: ['orders LOG_BASED'],
    refused: [['silent', 'SELECTION_INVALID', 'silent cannot be LOG_BASED: it has no stream']],
  });
});

test('a table that follows already is chosen whatever has become of its stream, but not with any settings', async () => {
  const followed = new Set(['silent']);
  expect(await choose([following('silent')], { followed })).toMatchObject({ chosen: ['silent LOG_BASED'] });
  const wrong = following('silent', { deletes: 'hard', keepLastImage: true });
  expect(await choose([wrong], { followed })).toMatchObject({ chosen: [] });
});

test('a destination that takes whole tables only gets no table that follows', async () => {
  const tables = [following('orders'), defaultTable('silent', 'FULL_TABLE')];
  expect(await choose(tables, {}, { changes: 'none' })).toMatchObject({
    chosen: ['silent FULL_TABLE'],
    refused: [['orders', 'SELECTION_INVALID', expect.stringContaining('the destination of source shop')]],
  });
  expect(await choose(tables, {}, { changes: 'ordered' })).toMatchObject({ refused: [] });
});

test('a table whose rows are to be removed is not loaded where they can only be marked, followed or not', async () => {
  const tables = [following('orders', { deletes: 'hard' }), defaultTable('silent', 'FULL_TABLE')];
  for (const followed of [new Set<string>(), new Set(['orders'])]) {
    expect(await choose(tables, { followed }, { changes: 'ordered', hardDeletes: false })).toEqual({
      chosen: ['silent FULL_TABLE'],
      refused: [['orders', 'SELECTION_INVALID', expect.stringContaining('orders cannot have deletes: hard')]],
    });
  }
  expect(await choose(tables, {}, { hardDeletes: true })).toMatchObject({ refused: [] });
});

test('tables that a pattern chooses are FULL_TABLE, also where there is a stream', async () => {
  expect((await choose([], {}, { selectNewTables: ['*'] })).chosen).toEqual(['orders FULL_TABLE', 'silent FULL_TABLE']);
});
