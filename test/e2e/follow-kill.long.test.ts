import { watch } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRandom, type Random } from '../histories/random.ts';
import { withDuckDb } from '../support/duckdb-live-rows.ts';
import type { RunningSync } from '../support/running-sync.ts';
import { openWrittenShop, type WrittenShop } from './written-shop.ts';

/** `npm run test:soak -- follow-kill` kills twenty times. */
const LONG = process.env['TRIBUTARY_TEST_LONG'] === 'true';
const SEED = 20_261_123;
const WRITES_PER_SECOND = LONG ? 200 : 100;
/** Enough for several pages of a Scan. */
const KEY_COUNT = 8_000;
const SEEDED_WRITES = 12_000;

/** Where a run is killed: at the nth event of its own progress. */
type Phase = 'scan' | 'first rows' | 'staging' | 'commit' | 'end of the snapshot' | 'stream' | 'end of a shard';
interface Kill {
  readonly phase: Phase;
  readonly nth: number;
}
/** The first runs are in the snapshot, all others follow. */
const FIRST_KILLS: readonly Kill[] = [
  { phase: 'scan', nth: 3 },
  { phase: 'first rows', nth: 1 },
  { phase: 'end of the snapshot', nth: 1 },
];

function drawKills(random: Random, count: number): readonly Kill[] {
  const phases = ['end of a shard', 'commit', 'staging', 'stream'] as const;
  return Array.from({ length: count }, (_, at): Kill => {
    const phase = phases[at] ?? random.oneOf(phases);
    return { phase, nth: phase === 'commit' ? random.integer(1, 12) : random.integer(1, 4) };
  });
}

const STAGING = /: commits [1-9]\d* rows/;

/** Resolves when the run has reached the point. */
async function reached({ shop, run }: { readonly shop: WrittenShop; readonly run: RunningSync }, kill: Kill) {
  const { phase, nth } = kill;
  const requested = (action: string, count: number): Promise<void> =>
    shop.simulator.requests.reached({ action }, count);
  if (phase === 'scan') await requested('Scan', nth);
  else if (phase === 'first rows') await run.line(STAGING);
  else if (phase === 'staging') await run.line(STAGING, nth + 1);
  else if (phase === 'stream') {
    await run.line(/has caught up/);
    await requested('GetRecords', shop.simulator.requests.count({ action: 'GetRecords' }) + 2 * nth);
  } else if (phase === 'end of the snapshot') {
    // The table is described at the start, and again before the snapshot ends.
    await requested('DescribeTable', 3);
    await fileChanged(shop, nth);
  } else if (phase === 'commit') {
    await run.line(STAGING, 2);
    await fileChanged(shop, nth);
  } else {
    await run.line(/has caught up/);
    shop.simulator.streams.rollAll(shop.table);
    await run.line(STAGING, run.count(STAGING) + nth);
  }
}

/** A commit writes its blocks into the file and at last moves the header: each write is an event of the folder. */
function fileChanged({ folder, path }: WrittenShop, times: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const watcher = watch(folder, (_, name) => {
      if (name !== basename(path) || ++seen < times) return;
      watcher.close();
      resolve();
    });
  });
}

/** Rolls all shards or splits one of them. */
function changeShards({ simulator: { streams }, table }: WrittenShop, random: Random): void {
  if (random.chance(0.5)) streams.rollAll(table);
  else streams.split(table, random.oneOf(streams.openShardIds(table)));
}

describe('tributary sync --follow', () => {
  const count = LONG ? 20 : 5;
  test(`killed ${count} times with SIGKILL while others write and shards roll and split (seed ${SEED}): exact`, {
    timeout: 60_000 + count * 20_000,
  }, async () => {
    const random = createRandom(SEED);
    await using shop = await openWrittenShop({ seed: SEED, keyCount: KEY_COUNT, initialShards: 3 });
    shop.seed(SEEDED_WRITES);
    const writer = shop.startWriting(WRITES_PER_SECOND);
    for (const kill of [...FIRST_KILLS, ...drawKills(random, count - FIRST_KILLS.length)]) {
      shop.simulator.requests.clear();
      const run = shop.follow();
      const early = run.exited.then(() => {
        throw new Error(`The run ended before ${kill.phase} ${kill.nth}:\n${run.log.slice(-50).join('\n')}`);
      });
      await Promise.race([reached({ shop, run }, kill), early]);
      run.process.kill('SIGKILL');
      early.catch(() => {});
      expect(await run.exited, kill.phase).toEqual([null, 'SIGKILL']);
      changeShards(shop, random);
    }
    await writer.stop();
    const run = shop.follow();
    await shop.caughtUp(run);
    run.process.kill('SIGTERM');
    expect({ ended: await run.exited, log: run.log.slice(-20) }).toMatchObject({ ended: [0, null] });
    await shop.expectEqual();
  });

  test('stopped with SIGSTOP and continued after another process has taken its shards over: it is FENCED and writes nothing', {
    timeout: 120_000,
  }, async () => {
    await using shop = await openWrittenShop({ seed: SEED + 1, keyCount: 200, initialShards: 2 });
    // No column begins or widens for some time then: it must be the shards that fence.
    shop.seed(4_100);
    const writer = shop.startWriting(50);
    const zombie = shop.follow();
    await zombie.line(/has caught up/);
    await zombie.line(STAGING, zombie.count(STAGING) + 1);
    await zombie.line(/are durable/, zombie.count(/are durable/) + 1);
    for (;;) {
      await heldRecords(shop);
      zombie.process.kill('SIGSTOP');
      if (await isFree(shop.path)) break;
      // In the middle of a commit nobody can take its file.
      zombie.process.kill('SIGCONT');
    }

    const heir = shop.follow();
    await heir.line(/are durable/, 2);
    zombie.process.kill('SIGCONT');
    await zombie.line(/\(FENCED\)/);
    expect(await zombie.exited).toEqual([5, null]);

    await writer.stop();
    await shop.caughtUp(heir);
    heir.process.kill('SIGTERM');
    expect({ ended: await heir.exited, log: heir.log.slice(-20) }).toMatchObject({ ended: [0, null] });
    await shop.expectEqual();
  });
});

async function isFree(path: string): Promise<boolean> {
  try {
    await withDuckDb(path, async () => {});
    return true;
  } catch (error) {
    if (/lock/i.test(String(error))) return false;
    throw error;
  }
}

/** Resolves when every shard was asked twice: there is something to read all the time, so that its reader holds records. */
async function heldRecords({ simulator: { requests, streams }, table }: WrittenShop): Promise<void> {
  requests.clear();
  await Promise.all(streams.openShardIds(table).map((shard) => requests.reached({ action: 'GetRecords', shard }, 2)));
}
