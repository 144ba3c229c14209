import { createDuckDbDestination } from '../../src/load/duckdb/duckdb.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { CHILD_TABLE, childChanges, childStep, STEPS_OF_CHILD, scannedPage } from './child-changes.ts';
import { type LaneLoader, tableLoader } from './table-loader.ts';

/*
 * A process that loads the snapshot and the changes of version 1 of a table into the DuckDB file that it is given, in two
 * lanes side by side and from their bookmarks, so that a test can kill it.
 */
const [path = ''] = process.argv.slice(2);
const destination = createDuckDbDestination({ path, publish: null, lockWaitMs: 60_000 }, { clock: systemClock });
const loader = tableLoader(CHILD_TABLE);
await loader.adopt(destination);
const scan = await loader.open(destination, 1, loader.units);
const stream = await loader.open(destination, 1, loader.shards);

async function load(lane: LaneLoader, put: (step: number) => Promise<unknown>): Promise<void> {
  const [state] = lane.load.units.values();
  let step = 0;
  while (childStep(step) !== state?.position) step += 1;
  for (; step < STEPS_OF_CHILD; step += 1) await put(step);
}

await Promise.all([
  load(scan, (step) => scan.put(scannedPage(step), childStep(step + 1))),
  load(stream, (step) => stream.apply(childChanges(step), childStep(step + 1))),
]);
await destination.close();
