import { describe, expect, it } from 'vitest';
import { rowOfLine } from '../../../test/support/live-rows.ts';
import { behind, tableLoader } from '../../../test/support/table-loader.ts';
import { testDestination } from '../destination.testsuite.ts';
import { createMemoryDestination, liveLines } from './memory.ts';
import type { MemoryCommit } from './memory-load.ts';
import { createMemoryStore } from './memory-store.ts';

for (const changes of ['merge', 'ordered'] as const) {
  testDestination(
    `memory (${changes})`,
    async () => {
      const store = createMemoryStore();
      return {
        connect: async () => createMemoryDestination(store, { changes }),
        readLive: async (target, columns) => liveLines(store, target)?.map((line) => rowOfLine(line, columns)) ?? null,
        dispose: async () => {},
      };
    },
    { crashScripts: 100, changes, transactional: true },
  );
}

const items = [{ id: { S: 'k1' } }];

describe('faults of the memory destination', () => {
  it('fail a commit before it is durable', async () => {
    const store = createMemoryStore();
    const fail = () => {
      throw new Error('planted');
    };
    const loader = tableLoader({ totalSegments: 1 });
    const destination = createMemoryDestination(store, { beforeCommit: fail });
    await loader.begin(destination, 1);
    const lane = await loader.open(destination, 1);
    await expect(lane.put(items, 'end')).rejects.toThrow('planted');
    expect(await destination.runStore.readUnits('shop', 'orders')).toMatchObject([{ position: 'start' }]);
  });

  it('lose the answer to a commit that is durable', async () => {
    const seen: MemoryCommit[] = [];
    const destination = createMemoryDestination(createMemoryStore(), {
      afterCommit: (commit) => {
        seen.push(commit);
        throw new Error('planted');
      },
    });
    const loader = tableLoader({ totalSegments: 1 });
    await loader.begin(destination, 1);
    const lane = await loader.open(destination, 1);
    await expect(lane.put(items, behind('k1'))).rejects.toThrow('planted');
    expect(await destination.runStore.readUnits('shop', 'orders')).toMatchObject([{ position: behind('k1') }]);
    expect(seen).toMatchObject([{ source: 'shop', table: 'orders', version: 1, rowCount: 1 }]);
  });

  it('hold a commit until they are told to let it go', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const destination = createMemoryDestination(createMemoryStore(), { beforeCommit: () => held });
    const loader = tableLoader({ totalSegments: 1 });
    await loader.begin(destination, 1);
    const lane = await loader.open(destination, 1);
    const committed = lane.put(items, 'end');
    expect(await destination.runStore.readUnits('shop', 'orders')).toMatchObject([{ position: 'start' }]);
    release();
    expect(await committed).toMatchObject({ upsertedRows: 1 });
  });
});
