import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { withDuckDb } from '../test/support/duckdb-live-rows.ts';
import { SHOP_ENVIRONMENT, warehouseOf, writeShopConfig } from '../test/support/shop-config.ts';
import { type MeasuredRun, measuredRun } from './measured-run.ts';
import type { Bench } from './report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CHAINS = 1_000;
const DEPTH = 5;
const FURTHER_RUNS = { short: 20, long: 1_000 };
/** Between two of those runs. A shard leaves the stream after 26 hours. */
const BETWEEN_RUNS = { hours: 2, rolls: 10 };
const STATE_BYTES_BAR = 1_000_000;

const answerSchema = z.object({
  port: z.number(),
  table: z.string(),
  items: z.number(),
  generations: z.number(),
  shards: z.number(),
  openShards: z.number(),
  limitExceeded: z.number(),
  requests: z.number(),
});

/**
 * A stream of 5,000 shards in lineages of five, caught up by `tributary sync` as users run it, and many more runs while its
 * shards roll and old ones leave: what the reader holds, in memory and as state, depends on the shards that there are.
 */
export const bench: Bench = async ({ report, say, long }) => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  const figure = (shards: number, metric: string, value: number, unit: string): void =>
    report({ bench: 'shards', case: `${shards} shards`, metric, value: Math.round(value), unit });
  {
    await using forest = await openForest(1);
    figure(DEPTH, 'peak_rss_mb', (await forest.sync()).peakRssMb, 'MB');
  }
  await using forest = await openForest(CHAINS);
  const manyFigure = (metric: string, value: number, unit: string): void => figure(CHAINS * DEPTH, metric, value, unit);
  const first = await forest.sync();
  const caughtUp = await forest.live({ hours: 0, rolls: 0 });
  await expectEqual(forest.folder, caughtUp);
  const firstBytes = await forest.stateBytes();
  say(`${caughtUp.requests} requests, ${first.cpuSeconds.toFixed(1)} s CPU`);
  manyFigure('seconds', first.wallSeconds, 's');
  manyFigure('peak_rss_mb', first.peakRssMb, 'MB');
  manyFigure('state_bytes', firstBytes, 'B');

  const count = long ? FURTHER_RUNS.long : FURTHER_RUNS.short;
  let last = first;
  for (let run = 1; run <= count; run += 1) {
    const { shards } = await forest.live(BETWEEN_RUNS);
    last = await forest.sync();
    if (run % 10 !== 0) continue;
    const bytes = await forest.stateBytes();
    say(`run ${run}: ${shards} shards, ${last.wallSeconds.toFixed(1)} s, ${last.peakRssMb} MB, ${bytes} B`);
  }
  const end = await forest.live({ hours: 0, rolls: 0 });
  await expectEqual(forest.folder, end);
  const lastBytes = await forest.stateBytes();
  manyFigure(`state_bytes_${count}_runs_later`, lastBytes, 'B');
  manyFigure(`peak_rss_mb_${count}_runs_later`, last.peakRssMb, 'MB');
  manyFigure('limit_exceeded', end.limitExceeded, 'answers');
  if (end.limitExceeded > 0) throw new Error('Limits of the stream were exceeded');
  if (firstBytes >= STATE_BYTES_BAR) throw new Error(`The state is larger than ${STATE_BYTES_BAR} bytes`);
  if (lastBytes > firstBytes) throw new Error('The state has grown');
};

/** A simulated stream of so many lineages in a process of its own, and a folder to follow it from. */
async function openForest(chains: number) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
  const path = fileURLToPath(new URL('./shards-server.ts', import.meta.url));
  const server = fork(path, [String(chains), String(DEPTH)]);
  await once(server, 'message');
  const { port, table } = await live(server, { hours: 0, rolls: 0 });
  const tables = { [table]: { method: 'LOG_BASED' } };
  writeShopConfig(folder, { endpoint: `http://127.0.0.1:${port}`, tables });
  const options = ['--config', join(folder, 'tributary.yaml'), '--home', join(folder, 'home')];
  return {
    folder,
    live: (time: Time): Promise<Answer> => live(server, time),
    sync: (): Promise<MeasuredRun> => measuredRun(['sync', ...options], SHOP_ENVIRONMENT),
    stateBytes: async (): Promise<number> => {
      const { stdout } = await measuredRun(['state', 'export', ...options], SHOP_ENVIRONMENT);
      return Buffer.byteLength(stdout);
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      server.disconnect();
      rmSync(folder, { recursive: true });
    },
  };
}

interface Time {
  readonly hours: number;
  readonly rolls: number;
}

type Answer = z.infer<typeof answerSchema>;

/** Lets time pass in the simulator; resolves to what there is then. */
async function live(server: ChildProcess, time: Time): Promise<Answer> {
  const answer = once(server, 'message');
  server.send(time);
  return answerSchema.parse((await answer)[0]);
}

async function expectEqual(folder: string, { table, items, generations }: Answer): Promise<void> {
  const found = await withDuckDb(warehouseOf(folder), async (query) => {
    const sql = `SELECT count(*), sum(generation)::BIGINT FROM shop.${table} WHERE _sdc_deleted_at IS NULL`;
    return (await query(sql))[0]?.map(Number);
  });
  if (found?.[0] === items && found[1] === generations) return;
  throw new Error(`The destination has ${found?.join(', ')} where the source has ${items}, ${generations}`);
}
