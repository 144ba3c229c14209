import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { neverAborted } from '../../../test/support/test-place.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import { NO_EVIDENCE } from '../../schema/lattice.ts';
import { readSchemaRows, replaceSchemaRows } from './column-rows.ts';
import { createDuckDbFile } from './connection.ts';

test('names of attributes come back as they are, whatever they begin with', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-duckdb-'));
  const file = createDuckDbFile({
    ...{ path: join(folder, 'w.duckdb'), lockWaitMs: 0, clock: systemClock, logger: silentLogger },
  });
  const target = { source: 'shop', table: 'orders', version: 1 };
  const columns = ['y', '\ufeffy', '\u0000y', '', ' y', '😀'].map((attribute, index) => ({
    ...{ attribute, columnName: `c${index}`, evidence: NO_EVIDENCE },
  }));
  const schema = { schemaVersion: 1, columns };
  await file.write((connection) => replaceSchemaRows(connection, target, schema), neverAborted.signal);
  expect(await file.read((connection) => readSchemaRows(connection, target, 1), neverAborted.signal)).toEqual(schema);
  await rm(folder, { recursive: true });
});
