import type { Destination, LoadTarget } from '../../src/load/destination.ts';
import type { Column } from '../../src/model/column-plan.ts';
import type { DynamoItem } from './dynamo-item.ts';
import { deletedRows, expectRows, type LiveRow, presentRows } from './live-rows.ts';
import type { TableLoader } from './table-loader.ts';

/** An empty place that destinations can be opened on, one after the other; with capability `many` also side by side. */
export interface TestPlace {
  /** Opens the place as a new process would. */
  connect(): Promise<Destination>;
  /**
   * The rows of the live version, read by something other than the destination; null where readers find no table. Works
   * while a destination is open. `columns` is what the rows were loaded under.
   */
  readLive(target: LoadTarget, columns: readonly Column[]): Promise<readonly LiveRow[] | null>;
  dispose(): Promise<void>;
}

export const neverAborted = { signal: new AbortController().signal };

/** A place with a destination open on it, and what tests ask of the two. */
export async function openSubject(place: TestPlace) {
  let destination = await place.connect();
  const live = (loader: TableLoader): Promise<readonly LiveRow[] | null> =>
    place.readLive(loader.target, columnsOf(loader));
  return {
    place,
    get destination(): Destination {
      return destination;
    },
    reconnect: async (): Promise<void> => {
      await destination.close();
      destination = await place.connect();
    },
    live,
    /** Every item has its row, and there is no other that is not deleted. */
    expectLive: async (loader: TableLoader, items: readonly DynamoItem[]): Promise<void> =>
      expectRows(presentRows(await live(loader)), items, columnsOf(loader)),
    /** Rows that are deleted, by their first key: when and by whom. */
    deleted: async (
      loader: TableLoader,
    ): Promise<Readonly<Record<string, readonly [number | null, string | null]>>> => {
      const [key] = columnsOf(loader);
      const rows = deletedRows(await live(loader));
      return Object.fromEntries(
        rows.map(({ cells, deletedAtMs, deletedBy }) => [cells.get(key?.name ?? ''), [deletedAtMs, deletedBy]]),
      );
    },
    stateOf: async ({ target }: TableLoader) =>
      (await destination.runStore.readTables(target.source)).find(({ table }) => table === target.table),
    positionsOf: async ({ target }: TableLoader) => {
      const units = await destination.runStore.readUnits(target.source, target.table);
      return Object.fromEntries(units.map(({ unit, position }) => [unit, position]));
    },
  };
}

export type Subject = Awaited<ReturnType<typeof openSubject>>;

/** The columns of the last plan that the loader has made. */
export function columnsOf(loader: TableLoader): readonly Column[] {
  return loader.schema()?.plan.columns ?? [];
}
