import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLiveRows } from '../../../test/support/duckdb-live-rows.ts';
import { above } from '../../../test/support/followed-table.ts';
import { STREAM, shards, upsert } from '../../../test/support/stream-samples.ts';
import { tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import { createDuckDbDestination } from './duckdb.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-merge-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('keeps the later of two rows of one sequence, in one commit and in two, of the Scan and of the stream', async () => {
  const path = join(folder, 'warehouse.duckdb');
  const destination = createDuckDbDestination({ path, publish: null, lockWaitMs: 0 }, { clock: systemClock });
  const loader = tableLoader({ stream: STREAM, shards: shards(1), totalSegments: 1 });
  const [shard] = loader.shards;
  await loader.begin(destination, 1, { placement: 'live' });
  const lane = await loader.open(destination, 1);
  const row = (id: string, v: number) => ({ id: { S: id }, v: { N: String(v) } });
  const values = async () =>
    Object.fromEntries(
      ((await readLiveRows(path, loader.target)) ?? []).map(({ cells }) => [cells.get('id'), cells.get('v')]),
    );

  await lane.write([row('scanned', 1), row('scanned', 2)]);
  await lane.change([upsert(row('changed', 1), above(1))]);
  await lane.change([upsert(row('changed', 2), above(1))]);
  expect(await lane.commit('after 1', shard)).toMatchObject({ upsertedRows: 2, compactedRows: 2 });
  expect(await values()).toEqual({ scanned: '2', changed: '2' });

  await lane.write([row('scanned', 3)]);
  await lane.change([upsert(row('changed', 3), above(1))]);
  expect(await lane.commit('after 2', shard)).toMatchObject({ upsertedRows: 2, supersededRows: 0 });
  expect(await values()).toEqual({ scanned: '3', changed: '3' });
});
