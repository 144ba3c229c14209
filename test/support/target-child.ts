import { singerTargetOptionsSchema } from '../../src/load/singer-target/options.ts';
import { createSingerTargetDestination } from '../../src/load/singer-target/singer-target.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { above } from './followed-table.ts';
import { STREAM, upsert } from './stream-samples.ts';
import { tableLoader } from './table-loader.ts';

/*
 * A process that loads changes of a few keys into a stand-in target, step by step from its bookmarks, so that a test can
 * kill it. It writes a line for every step that is accepted, and its log.
 */
export const TARGET_STEPS = 30;
export const TARGET_KEYS = 3;
const SHARD = 'shard:a';

const [folder = '', exitTimeout = '', script = '', ...args] = process.argv.slice(2);
const write = (line: string): void => void process.stdout.write(`${line}\n`);
const destination = createSingerTargetDestination(
  singerTargetOptionsSchema.parse({ command: process.execPath, args: [script, ...args], exitTimeout }),
  {
    name: 'out',
    homeFolder: folder,
    baseFolder: folder,
    clock: systemClock,
    logger: createLogger({ location: 'main', level: 'DEBUG', now: () => 0, write }),
  },
);
const loader = tableLoader({ totalSegments: 1, stream: STREAM, shards: [SHARD] });
const [known] = await destination.runStore.readTables('shop');
if (known === undefined) await loader.begin(destination, 1, { placement: 'live' });
else await loader.adopt(destination);
const lane = await loader.open(destination, 1, [SHARD]);
const position = lane.load.units.get(SHARD)?.position ?? 'start';
for (let step = Number(/\d+/.exec(position)?.[0] ?? 0) + 1; step <= TARGET_STEPS; step += 1) {
  const keys = Array.from({ length: TARGET_KEYS }, (_, key) => ({ id: { S: `k${key}` }, n: { N: String(step) } }));
  await lane.change(keys.map((item, row) => upsert(item, above(step * TARGET_KEYS + row))));
  await lane.sendCommit(`after ${step}`);
  write(`accepted ${step}`);
}
await lane.load.acceptance?.settle();
await destination.close();
