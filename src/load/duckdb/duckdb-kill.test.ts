import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CHILD_TABLE, childChanges, STEPS_OF_CHILD, scannedPage } from '../../../test/support/child-changes.ts';
import { readLiveRows } from '../../../test/support/duckdb-live-rows.ts';
import type { DynamoItem } from '../../../test/support/dynamo-item.ts';
import { expectRows } from '../../../test/support/live-rows.ts';
import { tableLoader } from '../../../test/support/table-loader.ts';
import { columnsOf } from '../../../test/support/test-place.ts';
import { systemClock } from '../../platform/clock.ts';
import { createDuckDbDestination } from './duckdb.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-kill-'));
  path = join(folder, 'warehouse.duckdb');
});
afterEach(() => rm(folder, { recursive: true }));

const connect = () => createDuckDbDestination({ path, publish: null, lockWaitMs: 60_000 }, { clock: systemClock });

/** Runs a process that loads the table until it ends, or until it has written to the file so often; resolves to how it ended. */
async function runChild(killAtWrite: number | null): Promise<readonly unknown[]> {
  const script = new URL('../../../test/support/duckdb-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, path], { stdio: ['ignore', 'ignore', 'inherit'] });
  let writes = 0;
  const watcher = watch(path, () => {
    writes += 1;
    if (writes === killAtWrite) child.kill('SIGKILL');
  });
  const ended = await once(child, 'exit');
  watcher.close();
  return ended;
}

it('has of every key what came last, with snapshot and changes side by side, after processes were killed in the midst of commits', async () => {
  const loader = tableLoader(CHILD_TABLE);
  await loader.begin(connect(), 1, { placement: 'live' });
  // The first commits, the middle of the run and of what is left of it.
  for (const killAtWrite of [11, 25, 42]) expect(await runChild(killAtWrite)).toEqual([null, 'SIGKILL']);
  expect(await runChild(null)).toEqual([0, null]);

  const steps = Array.from({ length: STEPS_OF_CHILD }, (_, step) => step);
  const wanted = new Map<unknown, DynamoItem | null>();
  const scanned = steps.flatMap(scannedPage);
  for (const item of scanned) wanted.set(JSON.stringify(item['id']), item);
  for (const { kind, item } of steps.flatMap(childChanges)) {
    wanted.set(JSON.stringify(item['id']), kind === 'upsert' ? item : null);
  }
  await loader.adopt(connect());
  const live = [...wanted.values()].filter((item) => item !== null);
  expect(await loader.finish(connect(), 1)).toEqual({ rowCount: live.length, sweptRows: 0 });
  const rows = (await readLiveRows(path, loader.target)) ?? [];
  expect(rows).toHaveLength(wanted.size);
  expectRows(
    rows.filter(({ deletedAtMs }) => deletedAtMs === null),
    live,
    columnsOf(loader),
  );
}, 60_000);
