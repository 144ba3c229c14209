import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLiveRows } from '../../../test/support/duckdb-live-rows.ts';
import { neverAborted } from '../../../test/support/test-place.ts';
import { systemClock } from '../../platform/clock.ts';
import { testDestination } from '../destination.testsuite.ts';
import { createDuckDbDestination } from './duckdb.ts';
import { inFileQueue } from './file-queue.ts';

testDestination(
  'DuckDB',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-duckdb-'));
    const path = join(folder, 'warehouse.duckdb');
    return {
      connect: async () => createDuckDbDestination({ path, publish: null, lockWaitMs: 0 }, { clock: systemClock }),
      // As another program, which cannot open the file while it is written: the lock of DuckDB does not tell two
      // instances of one process apart.
      readLive: (target) => inFileQueue(path, neverAborted.signal, () => readLiveRows(path, target)),
      dispose: () => rm(folder, { recursive: true }),
    };
  },
  { crashScripts: 3, changes: 'merge', transactional: true },
);
