import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLiveRows, withDuckDb } from '../../../test/support/duckdb-live-rows.ts';
import { order } from '../../../test/support/load-samples.ts';
import { gap, STREAM, shards } from '../../../test/support/stream-samples.ts';
import { behind, tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import { createDuckDbDestination } from './duckdb.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-format-'));
  path = join(folder, 'warehouse.duckdb');
});
afterEach(() => rm(folder, { recursive: true }));

const connect = () => createDuckDbDestination({ path, publish: null, lockWaitMs: 0 }, { clock: systemClock });

/** The state tables as the first version of Tributary made them. */
const FORMAT_1 = {
  _tributary_tables: `source, table_name, destination_schema, destination_table, phase, live_version, live_row_count,
    live_since, live_schema_version, loading_version AS building_version, loading_table AS building_table,
    loading_base AS building_base, loading_identity AS building_identity, loading_layout AS building_layout,
    loading_total_segments AS building_total_segments, loading_started_at AS building_started_at,
    loading_last_commit_at AS building_last_commit_at, loading_row_count AS building_row_count,
    loading_commit_count AS building_commit_count, loading_schema_version AS building_schema_version, highest_base,
    highest_epoch, reset_requested`,
  _tributary_state: 'source, table_name, version, unit, epoch, position',
};

async function makeOld(): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  for (const [table, columns] of Object.entries(FORMAT_1)) {
    await connection.run(`CREATE OR REPLACE TABLE main.${table} AS SELECT ${columns} FROM main.${table}`);
  }
  await connection.run('DROP TABLE main._tributary_gaps');
  await connection.run('UPDATE main._tributary_meta SET format_version = 1');
  connection.closeSync();
  instance.closeSync();
}

const described = () =>
  withDuckDb(path, (query) =>
    query(`SELECT table_name, column_index, column_name, data_type FROM duckdb_columns()
      WHERE starts_with(table_name, '_tributary_') AND schema_name = 'main' ORDER BY ALL`),
  );

it('lets a version go on that was interrupted when the state had its first format', async () => {
  const loader = tableLoader();
  await loader.replace(connect(), 1, [order(1)]);
  await loader.begin(connect(), 2);
  await (await loader.open(connect(), 2)).put([order(2)], behind(2));
  const before = [await connect().runStore.readTables('shop'), await connect().runStore.readUnits('shop', 'orders')];
  const present = await described();
  await makeOld();
  expect(await described()).not.toEqual(present);

  // Reading is enough to bring it to the present format.
  expect(await connect().runStore.readTables('shop')).toEqual(before[0]);
  expect(await described()).toEqual(present);
  expect(await connect().runStore.readUnits('shop', 'orders')).toEqual(before[1]);
  expect(await connect().runStore.readGaps('shop')).toEqual([]);

  const next = tableLoader();
  await next.adopt(connect());
  const lane = await next.open(connect(), 2);
  await lane.put([order(3)], 'end');
  await lane.commit('end', 'segment:1/2');
  expect(await next.finish(connect(), 2)).toMatchObject({ rowCount: 2 });
  expect(await readLiveRows(path, next.target)).toHaveLength(2);
});

it('takes a table that follows its stream beside those of the first format', async () => {
  await tableLoader().replace(connect(), 1, [order(1)]);
  await makeOld();
  const loader = tableLoader({ table: 'events', stream: STREAM, shards: shards(1) });
  await loader.begin(connect(), 1, { placement: 'live', gaps: [gap('gap-1', { table: 'events' })] });
  expect(await connect().runStore.readTables('shop')).toMatchObject([
    { table: 'events', loading: { placement: 'live', stream: STREAM } },
    { table: 'orders', phase: 'full-table', loading: null },
  ]);
  expect(await connect().runStore.readGaps('shop')).toMatchObject([{ gapId: 'gap-1' }]);
});
