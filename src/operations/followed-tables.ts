import type { TableState } from '../model/table-state.ts';

/** Tables that have begun to follow their stream, by name. */
export function followedTables(stored: readonly TableState[]): ReadonlySet<string> {
  return new Set(stored.filter(({ loading }) => loading !== null && loading.stream !== null).map(({ table }) => table));
}
