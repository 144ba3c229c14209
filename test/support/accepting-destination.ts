import type { Destination, Load } from '../../src/load/destination.ts';
import type { Batch } from '../../src/model/batch.ts';

type Commit = Parameters<Load['commit']>[0];

/**
 * A destination that has commits at once and makes them durable later, in their order, as a Singer target does. What it
 * has not made durable when its process dies is gone. `confirms`: how many of those that wait become durable after a commit.
 */
export function acceptingDestination(destination: Destination, confirms: (waiting: number) => number): Destination {
  return {
    ...destination,
    open: async (lane, options) => acceptingLoad(await destination.open(lane, options), confirms),
  };
}

function acceptingLoad(load: Load, confirms: (waiting: number) => number): Load {
  const waiting: { readonly batches: readonly Batch[]; readonly commit: Commit }[] = [];
  let listener: (commits: number) => void = () => {};
  let batches: Batch[] = [];
  let durable = 0;
  let confirming: Promise<void> = Promise.resolve();

  const confirm = (count: number): Promise<void> => {
    confirming = confirming.then(async () => {
      for (const next of waiting.splice(0, count)) {
        for (const batch of next.batches) await load.write(batch);
        await load.commit(next.commit, { signal: new AbortController().signal });
        durable += 1;
        listener(durable);
      }
    });
    return confirming;
  };

  return {
    ...load,
    write: async (batch) => {
      batches.push(batch);
    },
    commit: async (commit, { signal }) => {
      signal.throwIfAborted();
      const rowCount = batches.reduce((sum, { page }) => sum + page.rowCount, 0);
      waiting.push({ batches, commit });
      batches = [];
      await confirm(confirms(waiting.length));
      const none = { deletedRows: 0, compactedRows: 0, supersededRows: 0, rejectedRows: 0 };
      return { receipt: waiting.length === 0 ? 'durable' : 'accepted', upsertedRows: rowCount, ...none };
    },
    acceptance: {
      onDurable: (onDurable) => {
        listener = onDurable;
      },
      settle: () => confirm(waiting.length),
    },
  };
}
