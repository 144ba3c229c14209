import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { loadConfig } from '../src/config/load-config.ts';
import { createConnection } from '../src/connection/clients.ts';
import type { Destination, Load } from '../src/load/destination.ts';
import { openDestination } from '../src/load/registry.ts';
import { sync } from '../src/operations/sync.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createLogger } from '../src/platform/logger.ts';
import { withDuckDb } from '../test/support/duckdb-live-rows.ts';
import { SHOP_ENVIRONMENT, warehouseOf, writeShopConfig } from '../test/support/shop-config.ts';
import type { Bench } from './report.ts';

const PUTS_PER_SECOND = 200;
const SECONDS = { short: 60, long: 600 };
const FLUSH_INTERVAL = '500ms';
/** A shard that was idle is asked every five seconds; what is put within as many after a pause is a case of its own. */
const WAKING_MS = 5_000;
const QUANTILES = [
  ['p50_ms', 0.5],
  ['p99_ms', 0.99],
  ['max_ms', 1],
] as const;

const started = z.object({ port: z.number(), table: z.string() });
const written = z.object({ answers: z.array(z.object({ sk: z.number(), answeredMs: z.number() })) });

/**
 * From the answer to a PutItem until its row is readable: a table is followed into DuckDB while another process puts new
 * items. A row counts as readable when the commit that holds it has returned: from then on every query on the writer's own
 * connection finds it, and so does whoever opens the file. Which commit that was says `_sdc_batched_at` of the row.
 */
export const bench: Bench = async ({ report, say, long }) => {
  const seconds = long ? SECONDS.long : SECONDS.short;
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
  const path = fileURLToPath(new URL('./latency-server.ts', import.meta.url));
  const server = fork(path, [String(PUTS_PER_SECOND), String(seconds)]);
  try {
    const { port, table } = started.parse((await once(server, 'message'))[0]);
    writeShopConfig(folder, {
      endpoint: `http://127.0.0.1:${port}`,
      source: { flush_interval: FLUSH_INTERVAL },
      tables: { [table]: { method: 'LOG_BASED' } },
    });
    const following = await follow(folder);
    const answer = once(server, 'message');
    server.send('write');
    const { answers } = written.parse((await answer)[0]);
    const commits = await following.stopAfter(answers.length);

    const batchedAt = await batchedAtOf(warehouseOf(folder), table);
    const firstMs = Math.min(...answers.map(({ answeredMs }) => answeredMs));
    const latencies = answers.map(({ sk, answeredMs }) => {
      const returnedMs = commits.get(batchedAt.get(sk) ?? Number.NaN);
      if (returnedMs === undefined) throw new Error(`The item ${sk} was put, and no commit has its row`);
      return { afterIdleMs: answeredMs - firstMs, latencyMs: returnedMs - answeredMs };
    });
    say(`${latencies.length} rows in ${commits.size} commits`);
    const reportCase = (name: string, isPart: (afterIdleMs: number) => boolean): void => {
      const part = latencies.filter(({ afterIdleMs }) => isPart(afterIdleMs)).map(({ latencyMs }) => latencyMs);
      for (const [metric, share] of QUANTILES) {
        const value = Math.round(quantile(part, share));
        report({ bench: 'latency', case: `${PUTS_PER_SECOND}/s ${name}`, metric, value, unit: 'ms' });
      }
    };
    reportCase(`${seconds} s`, (afterIdleMs) => afterIdleMs >= WAKING_MS);
    reportCase('after idle', (afterIdleMs) => afterIdleMs < WAKING_MS);
  } finally {
    server.disconnect();
    rmSync(folder, { recursive: true });
  }
};

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

interface Following {
  /** Stops when so many rows have come since it had caught up. Resolves to the commits since then. */
  stopAfter(rowCount: number): Promise<Commits>;
}

/** When each commit had returned, by its time at the destination, `_sdc_batched_at`. */
type Commits = ReadonlyMap<number, number>;

/** Follows the table of the configuration in this process; resolves when it has caught up. */
async function follow(folder: string): Promise<Following> {
  const config = await loadConfig({
    path: join(folder, 'tributary.yaml'),
    home: folder,
    environment: SHOP_ENVIRONMENT,
  });
  const source = config.sources.get('shop');
  const warehouse = config.destinations.get('warehouse');
  if (source === undefined || warehouse === undefined) throw new Error('The configuration is incomplete');
  let onCaughtUp = (): void => {};
  const caughtUp = new Promise<void>((resolve) => {
    onCaughtUp = resolve;
  });
  const write = (line: string): void => {
    if (line.endsWith('has caught up')) onCaughtUp();
  };
  const log = createLogger({ location: 'main', level: 'INFO', now: systemClock.now, write });
  const destination = watchCommits(await openDestination(warehouse, { clock: systemClock, logger: log }));
  const connection = createConnection(source.connection);
  const stop = new AbortController();
  const running = sync({
    ...{ source, connection, destination: destination.watched, log },
    ...{ tables: [], allowShrink: false, isContinuous: true, runId: 'bench', clock: systemClock },
    ...{ onTable: () => {}, onProgress: () => {}, signal: stop.signal },
  });
  const ended = running.then(() => {
    throw new Error('The run ended by itself');
  });
  await Promise.race([caughtUp, ended]);
  const rowsBefore = destination.rowCount();
  return {
    stopAfter: async (rowCount) => {
      await Promise.race([destination.reached(rowsBefore + rowCount), ended]);
      ended.catch(() => {});
      stop.abort(new Error('The bench is over'));
      await running;
      await destination.watched.close();
      connection.close();
      return destination.commits;
    },
  };
}

/** The destination itself, and a look at the clock whenever a commit returns. */
function watchCommits(watched: Destination) {
  const commits = new Map<number, number>();
  let rows = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let onReached = (): void => {};
  const watchLoad = (load: Load): Load => ({
    units: load.units,
    epoch: load.epoch,
    schema: load.schema,
    write: (batch) => load.write(batch),
    commit: async (commit, options) => {
      const receipt = await load.commit(commit, options);
      commits.set(commit.nowMs, performance.timeOrigin + performance.now());
      rows += receipt.upsertedRows;
      if (rows >= wanted) onReached();
      return receipt;
    },
    close: () => load.close(),
  });
  const open: Destination['open'] = async (lane, options) => watchLoad(await watched.open(lane, options));
  return {
    watched: { ...watched, open, close: () => watched.close() },
    commits,
    rowCount: () => rows,
    reached: (rowCount: number): Promise<void> =>
      new Promise((resolve) => {
        wanted = rowCount;
        onReached = resolve;
        if (rows >= wanted) resolve();
      }),
  };
}

/** By the number of the item: the time of the commit that has brought its row. */
async function batchedAtOf(path: string, table: string): Promise<ReadonlyMap<number, number>> {
  return await withDuckDb(path, async (query) => {
    const rows = await query(`SELECT sk::INTEGER, epoch_ms(_sdc_batched_at)::VARCHAR FROM shop.${table}`);
    return new Map(rows.map(([sk, batchedAt]) => [Number(sk), Number(batchedAt)]));
  });
}
