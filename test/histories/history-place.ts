import type { Destination } from '../../src/load/destination.ts';
import { createMemoryDestination } from '../../src/load/memory/memory.ts';
import { createMemoryStore, memoryKey } from '../../src/load/memory/memory-store.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { createOrderedTarget, ORDERS, tapInto } from '../support/ordered-target.ts';
import { createAppliedImages } from './applied-images.ts';
import { TABLE } from './writer.ts';

/** What a history loads: a destination that compares changes or takes them as they come, or a target by Singer messages. */
export type HistoryKind = 'merge' | 'ordered' | 'tap';

const TARGET = { source: 'shop', table: TABLE };
const NEVER = { signal: new AbortController().signal };

interface Hooks {
  readonly beforeCommit: () => Promise<void>;
  readonly afterCommit: () => void;
}

/** What outlives the processes of a history. */
interface HistoryPlace {
  readonly hardDeletes: boolean;
  /** About so many times the hooks are called for a commit. */
  readonly writesPerCommit: number;
  /** One process; the hooks come around all that it makes durable. */
  run(hooks: Hooks, use: (destination: Destination) => Promise<unknown>): Promise<void>;
  /** Looks at the rows after a commit. */
  observe(): void;
  /** What was wrong on the way; null when nothing was. */
  readonly verdict: string | null;
  /** Rows that are not deleted, as JSON; null before the first version. */
  lines(): readonly string[] | null;
}

export function createMemoryPlace(changes: 'merge' | 'ordered'): HistoryPlace {
  const store = createMemoryStore();
  const applied = createAppliedImages(store, TARGET);
  return {
    hardDeletes: true,
    writesPerCommit: 1,
    run: async (hooks, use) => {
      await use(createMemoryDestination(store, { changes, ...hooks }));
    },
    observe: () => applied.observe(),
    get verdict() {
      return applied.verdict;
    },
    lines: () => {
      const live = store.tables.get(memoryKey(TARGET))?.live;
      if (live == null) return null;
      return [...live.parts.byKey.values()].flatMap(({ line, isDeleted }) => (isDeleted ? [] : [line]));
    },
  };
}

/** Each process goes on from the last STATE that the target has seen. */
export function createTapPlace(clock: Clock): HistoryPlace {
  const target = createOrderedTarget(({ pk }) => String(pk));
  return {
    hardDeletes: false,
    writesPerCommit: 3,
    run: async ({ beforeCommit, afterCommit }, use) => {
      const output = target.connect({ beforeWrite: beforeCommit, afterWrite: afterCommit });
      const streams = [{ ...ORDERS, stream: TABLE }];
      const tap = tapInto(output, { state: target.state ?? {}, streams, clock });
      await tap.resume(TABLE, NEVER);
      await use(tap);
      await tap.succeeded(TABLE, clock.now());
      await tap.close();
    },
    observe: () => {},
    verdict: null,
    lines: () => {
      const rows = target.rows.get(TABLE);
      if (rows === undefined) return null;
      return [...rows.values()].flatMap(({ record }) =>
        record['_sdc_deleted_at'] === null ? [JSON.stringify(record)] : [],
      );
    },
  };
}
