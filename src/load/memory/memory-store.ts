import type { Gap } from '../../model/gap.ts';
import type { RunRecord } from '../../model/run.ts';
import { TributaryError } from '../../platform/errors.ts';
import type { LoadTarget } from '../destination.ts';
import type { TableLedger } from '../table-ledger.ts';
import type { MemoryRows } from './memory-rows.ts';

export type MemoryTable = TableLedger<MemoryRows>;

/** What a memory destination holds when nobody has it open. */
export interface MemoryStore {
  /** By `memoryKey`, in the order in which they were begun. */
  readonly tables: Map<string, MemoryTable>;
  /** By run id. */
  readonly runs: Map<string, RunRecord>;
  /** By gap id. */
  readonly gaps: Map<string, Gap>;
}

export function createMemoryStore(): MemoryStore {
  return { tables: new Map(), runs: new Map(), gaps: new Map() };
}

export function memoryKey({ source, table }: LoadTarget): string {
  return JSON.stringify([source, table]);
}

/** The table; rejects with BUG when it was never begun. */
export function tableOf(store: MemoryStore, target: LoadTarget): MemoryTable {
  const table = store.tables.get(memoryKey(target));
  if (table === undefined) throw new TributaryError('BUG', `${target.source}.${target.table} was never begun`);
  return table;
}

/** Makes the next state of a table durable, and the gaps that were found with it. */
export function saveTable(store: MemoryStore, table: MemoryTable, gaps: readonly Gap[] = []): void {
  store.tables.set(memoryKey(table), table);
  for (const gap of gaps) store.gaps.set(gap.gapId, gap);
}
