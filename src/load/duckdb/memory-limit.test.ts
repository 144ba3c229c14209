import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { neverAborted } from '../../../test/support/test-place.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import { createDuckDbFile, mergeRowGroups } from './connection.ts';

const ITEM_BYTES = 380_000;
const ITEMS = 400;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-duckdb-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('rows that are too large for the memory that DuckDB has at first are written with more, and all of them', async () => {
  const said: string[] = [];
  const logger = { ...silentLogger, info: (message: string) => said.push(message) };
  const file = createDuckDbFile({ path: join(folder, 'w.duckdb'), lockWaitMs: 0, clock: systemClock, logger });
  const { signal } = neverAborted;
  for (let from = 0; from < ITEMS; from += 50) {
    await file.write(async (connection) => {
      await connection.run('CREATE TABLE IF NOT EXISTS items (id INTEGER, body VARCHAR)');
      await connection.run(
        `INSERT INTO items SELECT i, repeat('x', ${ITEM_BYTES}) || i FROM range(${from}, ${from + 50}) r(i)`,
      );
    }, signal);
  }
  expect(said).toEqual([]);
  // Merging brings all of these rows into one row group.
  await file.write(async (connection) => {
    await mergeRowGroups(connection);
    await connection.run(`INSERT INTO items VALUES (${ITEMS}, 'small')`);
  }, signal);
  expect(said).toEqual([expect.stringContaining('DuckDB needs more than 128 MB')]);
  const counted = await file.read(
    async (connection) =>
      (
        await connection.runAndReadAll('SELECT count(DISTINCT id)::INTEGER, sum(length(body))::VARCHAR FROM items')
      ).getRows(),
    signal,
  );
  const digits = Array.from({ length: ITEMS }, (_, index) => String(index).length).reduce((sum, n) => sum + n);
  expect(counted).toEqual([[ITEMS + 1, String(ITEMS * ITEM_BYTES + digits + 'small'.length)]]);
});
