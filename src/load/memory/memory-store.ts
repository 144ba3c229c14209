import type { RunRecord } from '../../model/run.ts';
import type { LoadTarget } from '../destination.ts';
import type { TableLedger } from '../table-ledger.ts';

export interface MemoryRow {
  /** The item and its metadata as JSON. */
  readonly line: string;
  readonly extractedAtMs: number;
}

export type MemoryTable = TableLedger<readonly MemoryRow[]>;

/** What a memory destination holds when nobody has it open. */
export interface MemoryStore {
  /** By `memoryKey`, in the order in which they were begun. */
  readonly tables: Map<string, MemoryTable>;
  /** By run id. */
  readonly runs: Map<string, RunRecord>;
}

export function createMemoryStore(): MemoryStore {
  return { tables: new Map(), runs: new Map() };
}

export function memoryKey({ source, table }: LoadTarget): string {
  return JSON.stringify([source, table]);
}
