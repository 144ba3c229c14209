import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { order } from '../../../test/support/load-samples.ts';
import { behind, tableLoader } from '../../../test/support/table-loader.ts';
import { systemClock } from '../../platform/clock.ts';
import { createFilesDestination } from './files.ts';

let path: string;
const folder = (...names: string[]): string => join(path, 'shop', 'orders', ...names);

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "tributary-it's-"));
});
afterEach(() => rm(path, { recursive: true }));

async function queryView(sql: string): Promise<unknown[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    await connection.run(await readFile(folder('view.sql'), 'utf8'));
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
  }
}

it('names the files of the live version, also in a view that gives the exact documents', async () => {
  const destination = createFilesDestination({ path }, { clock: systemClock });
  const loader = tableLoader({ totalSegments: 1 });
  const exact = '12345678901234567890.123456789012345678';
  await loader.begin(destination, 1);
  const lane = await loader.open(destination, 1);
  await lane.put([{ ...order(1), exact: { N: exact } }], behind(1));
  await lane.put([order(2)], 'end');
  await loader.finish(destination, 1);
  const list = JSON.parse(await readFile(folder('live.json'), 'utf8'));
  expect(list).toMatchObject({ version: 1, rows: 2, attributes: ['id', 'total', 'status', 'exact'] });
  const texts = await Promise.all(list.files.map((file: string) => readFile(folder(file), 'utf8')));
  expect(texts.join('').match(/\n/g)).toHaveLength(2);
  const [document, ...others] = await queryView(`SELECT item::VARCHAR FROM shop.orders ORDER BY item->>'id'`);
  expect(String(document)).toContain(`"exact":${exact},`);
  expect(others).toHaveLength(1);

  await loader.begin(destination, 2);
  await (await loader.open(destination, 2)).commit('end');
  await loader.finish(destination, 2, { allowShrink: true });
  expect(JSON.parse(await readFile(folder('live.json'), 'utf8'))).toMatchObject({ version: 2, rows: 0, files: [] });
  expect(await queryView('SELECT count(*) FROM shop.orders')).toEqual([['0']]);
});

it('brings a stale list up to date when the next version is begun', async () => {
  const destination = createFilesDestination({ path }, { clock: systemClock });
  const loader = tableLoader();
  await loader.replace(destination, 1, [order(1)]);
  await rm(folder('live.json'));
  await loader.begin(destination, 2);
  expect(JSON.parse(await readFile(folder('live.json'), 'utf8'))).toMatchObject({ version: 1, rows: 1 });
});
