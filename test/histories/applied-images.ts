import type { LoadTarget } from '../../src/load/destination.ts';
import { type MemoryStore, memoryKey } from '../../src/load/memory/memory-store.ts';

/** Watches what commits do to each key: changes of the stream must come in the order in which they were written. */
export interface AppliedImages {
  /** Looks at the table after a commit. */
  observe(): void;
  /** The first key whose changes came in another order; null while there is none. */
  readonly verdict: string | null;
}

export function createAppliedImages(store: MemoryStore, target: LoadTarget): AppliedImages {
  const lastByKey = new Map<string, { readonly sequence: bigint; readonly v: number }>();
  let verdict: string | null = null;
  let lastBase = 0n;
  return {
    observe() {
      const table = store.tables.get(memoryKey(target));
      const rows = table?.loading?.parts ?? table?.live?.parts;
      const base = table?.highestBase ?? 0n;
      // After a gap the shards below a lost one are read again, behind it.
      if (base !== lastBase) lastByKey.clear();
      lastBase = base;
      for (const [key, { line, sequence, isDeleted }] of rows?.byKey ?? []) {
        // Rows of the Scan may be newer than the stream is at that time.
        if (isDeleted || sequence <= base) continue;
        const { v } = JSON.parse(line);
        const last = lastByKey.get(key);
        if (last?.sequence === sequence) continue;
        if (last !== undefined && v <= last.v) verdict ??= `${key}: version ${v} was applied after ${last.v}`;
        lastByKey.set(key, { sequence, v });
      }
    },
    get verdict() {
      return verdict;
    },
  };
}
