import { systemClock } from '../src/platform/clock.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { growShardForest } from '../test/support/shard-forest.ts';

/**
 * A simulated DynamoDB whose stream has many shards in lineages, in a process of its own: the benchmark measures who reads,
 * not who answers. Each message `{ hours, rolls }` moves its time forward and lets so many shards roll; the answer says what
 * there is. Arguments: lineages, shards of each.
 */
const [chainCount = 1_000, depth = 5] = process.argv.slice(2).map(Number);
const TABLE = 'orders';
const HOUR_MS = 3_600_000;

let aheadMs = 0;
let rolled = 0;
let limitExceeded = 0;
let requestCount = 0;
const simulator = await startSimulator({ clock: { ...systemClock, now: () => systemClock.now() + aheadMs } });
const { tables, streams, requests } = simulator;
const keys = growShardForest(simulator, { table: TABLE, chainCount, depth });

function live({ hours, rolls }: { readonly hours: number; readonly rolls: number }): void {
  aheadMs += hours * HOUR_MS;
  for (let left = rolls; left > 0; left -= 1) {
    const open = streams.openShardIds(TABLE);
    streams.roll(TABLE, open[rolled % open.length] ?? '');
    rolled += 1;
  }
  // Some keys change, in whatever shard they are.
  const changed = keys.slice(0, rolls);
  tables.putItems(
    TABLE,
    changed.map((key) => ({ ...key, generation: { N: String(depth + rolled) } })),
  );
}

process.on('message', (message: { readonly hours: number; readonly rolls: number }) => {
  live(message);
  limitExceeded += requests.count({ error: 'LimitExceededException' });
  requestCount += requests.count();
  // A thousand runs would fill the memory with it.
  requests.clear();
  process.send?.({
    port: simulator.port,
    table: TABLE,
    items: tables.items(TABLE).length,
    // What the items add up to, so that the destination can be judged by its sum.
    generations: tables.items(TABLE).reduce((sum, item) => sum + Number(JSON.parse(item).generation.N), 0),
    shards: streams.shards(TABLE).length,
    openShards: streams.openShardIds(TABLE).length,
    limitExceeded,
    requests: requestCount,
  });
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
