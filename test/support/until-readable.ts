import { setTimeout as delay } from 'node:timers/promises';
import { withDuckDb } from './duckdb-live-rows.ts';
import type { RunningSync } from './running-sync.ts';

const DURABLE = /rows of this run are durable/;
const LOCKED_RETRY_MS = 20;

/**
 * Resolves when the query answers with `count` as its first value: asked after each commit of the run, and at once. Rejects
 * when the run ends before.
 */
export async function untilCount(
  { path, sync }: { readonly path: string; readonly sync: RunningSync },
  query: { readonly sql: string; readonly count: number },
): Promise<void> {
  for (;;) {
    const commits = sync.count(DURABLE);
    if ((await firstValue(path, query.sql)) === query.count) return;
    await sync.line(DURABLE, commits + 1);
  }
}

/** The run has the file for itself while it commits, which nothing tells the end of: whoever finds it locked comes again. */
async function firstValue(path: string, sql: string): Promise<number> {
  for (;;) {
    try {
      return await withDuckDb(path, async (ask) => Number((await ask(sql))[0]?.[0]));
    } catch (error) {
      // A table or a column may come with the next commit.
      if (/does not exist|not found in FROM/.test(String(error))) return Number.NaN;
      if (!/lock/i.test(String(error))) throw error;
    }
    await delay(LOCKED_RETRY_MS);
  }
}
