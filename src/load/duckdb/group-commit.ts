import type { DuckDBConnection } from '@duckdb/node-api';
import { commitLanes } from './commit.ts';
import type { DuckDbFile } from './connection.ts';
import { duckDbError } from './errors.ts';
import { type Committed, commitsByTable, type LaneCommit } from './lane-commit.ts';
import { rewriteLiveTable } from './live-rewrite.ts';
import { inTransaction } from './transaction.ts';

/** A transaction holds its rows in memory: those of a group are not more than one lane may commit. */
const MAX_GROUP_ROWS = 50_000;
const MAX_GROUP_BYTES = 24 * 1024 * 1024;

/** Resolves when the commit is durable and the file closed again, rejects with what was wrong with this commit. */
export type GroupCommit = (commit: LaneCommit) => Promise<Committed>;

interface Waiting {
  readonly commit: LaneCommit;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
  readonly onAbort: () => void;
}

/**
 * One flush for all lanes: commits of any tables that wait for the file while another runs are done together, in one
 * opening of the file, one transaction and one reading of the keys of each table. Where a group fails each of it is
 * repeated alone, so that only the one that is wrong sees its error.
 */
export function createGroupCommit(file: DuckDbFile): GroupCommit {
  let waiting: readonly Waiting[] = [];
  let isRunning = false;
  let opening = new AbortController();

  const leave = (one: Waiting): void => {
    waiting = waiting.filter((other) => other !== one);
    // Nobody waits for the file any more, which another program may have for a long time yet.
    if (waiting.length === 0) opening.abort();
  };

  /** Those that have waited longest, as many as one transaction may hold. */
  const takeGroup = (): readonly Waiting[] => {
    const group = firstGroup(waiting);
    waiting = waiting.slice(group.length);
    for (const { commit, onAbort } of group) commit.signal.removeEventListener('abort', onAbort);
    return group;
  };

  const runGroup = async (): Promise<void> => {
    opening = new AbortController();
    let group: readonly Waiting[] = [];
    try {
      const committed = await file.write((connection) => {
        // Called again after too little memory: the same commits are repeated.
        if (group.length === 0) group = takeGroup();
        return commitTogether(
          connection,
          group.map(({ commit }) => commit),
        );
      }, opening.signal);
      settle(group, committed);
    } catch (error) {
      if (group.length > 1) {
        for (const one of group) await runAlone(file, one);
        return;
      }
      // Where there was no group yet, the file could not be opened, and for nobody who waits. If all had left by then,
      // whoever has come since waits for the next opening.
      if (group.length === 0 && !opening.signal.aborted) {
        group = waiting;
        waiting = [];
      }
      for (const { commit, reject, onAbort } of group) {
        commit.signal.removeEventListener('abort', onAbort);
        reject(error);
      }
    }
  };

  const run = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) await runGroup();
    isRunning = false;
  };

  return (commit) =>
    new Promise((resolve, reject) => {
      const { signal } = commit;
      const one: Waiting = {
        commit,
        resolve,
        reject,
        onAbort: () => {
          leave(one);
          reject(duckDbError(signal.reason, file.path));
        },
      };
      if (signal.aborted) {
        one.onAbort();
        return;
      }
      signal.addEventListener('abort', one.onAbort, { once: true });
      waiting = [...waiting, one];
      if (!isRunning) void run();
    });
}

function firstGroup(waiting: readonly Waiting[]): readonly Waiting[] {
  let rows = 0;
  let bytes = 0;
  const end = waiting.findIndex(({ commit }, index) => {
    for (const { page } of commit.batches) {
      rows += page.rowCount;
      bytes += page.body.byteLength;
    }
    return index > 0 && (rows > MAX_GROUP_ROWS || bytes > MAX_GROUP_BYTES);
  });
  return end < 0 ? waiting : waiting.slice(0, end);
}

async function runAlone(file: DuckDbFile, one: Waiting): Promise<void> {
  try {
    const { commit } = one;
    settle([one], await file.write((connection) => commitTogether(connection, [commit]), commit.signal));
  } catch (error) {
    one.reject(error);
  }
}

function settle(group: readonly Waiting[], committed: readonly Committed[]): void {
  for (const [index, one] of committed.entries()) group[index]?.resolve(one);
}

async function commitTogether(
  connection: DuckDBConnection,
  commits: readonly LaneCommit[],
): Promise<readonly Committed[]> {
  if (commits.length === 0) return [];
  return whileNoneAborts(commits, async (signal) => {
    for (const ofTable of commitsByTable(commits)) {
      if (ofTable.some(({ bringsSchema }) => bringsSchema)) await rewriteLiveTable(connection, ofTable, signal);
    }
    return inTransaction(connection, signal, () => commitLanes(connection, commits));
  });
}

/** As AbortSignal.any, which keeps a trace of each call in signals that never abort (Node 20). */
async function whileNoneAborts<T>(
  commits: readonly LaneCommit[],
  use: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const any = new AbortController();
  const follow = commits.map(({ signal }) => {
    const onAbort = (): void => any.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    return { signal, onAbort };
  });
  try {
    return await use(any.signal);
  } finally {
    for (const { signal, onAbort } of follow) signal.removeEventListener('abort', onAbort);
  }
}
