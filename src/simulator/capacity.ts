import { throttled } from './service-error.ts';
import type { IndexDefinition, Throughput } from './table-definition.ts';

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;
/** Unused capacity is kept for five minutes (Developer Guide, Burst capacity). */
const BURST_SECONDS = 300;

/** Units of one read: 4 KB each, half price where it is eventually consistent. A read of nothing costs the minimum. */
export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (consistent ? 1 : 0.5);
}

export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
}

/** What a request has used, as ReturnConsumedCapacity asks for it. */
export interface Consumption {
  readonly table: string;
  readonly units: number;
  /** The index that was read; null for the table itself. */
  readonly index: IndexDefinition | null;
}

/** The ConsumedCapacity member of an answer, or undefined where it was not asked for. */
export function consumedCapacity(mode: string | undefined, { table, units, index }: Consumption): object | undefined {
  if (mode === 'TOTAL') return { TableName: table, CapacityUnits: units };
  if (mode !== 'INDEXES') return undefined;
  if (index === null) return { TableName: table, CapacityUnits: units, Table: { CapacityUnits: units } };
  const member = index.kind === 'global' ? 'GlobalSecondaryIndexes' : 'LocalSecondaryIndexes';
  return {
    TableName: table,
    CapacityUnits: units,
    Table: { CapacityUnits: 0 },
    [member]: { [index.name]: { CapacityUnits: units } },
  };
}

/** Token buckets of the provisioned tables and global indexes of one account, on the simulator's clock. */
export interface CapacityGate {
  /** Errors: ProvisionedThroughputExceededException where nothing is left. Call before the work. */
  admit(resource: string, kind: keyof Throughput, throughput: Throughput | null): void;
  /** Takes what the work has cost; a bucket may go into debt, as a page's cost is known only after it was read. */
  charge(resource: string, kind: keyof Throughput, units: number): void;
}

interface Bucket {
  tokens: number;
  refilledAtMs: number;
  unitsPerSecond: number;
}

export const UNLIMITED_CAPACITY: CapacityGate = { admit: () => {}, charge: () => {} };

export function createCapacityGate(now: () => number): CapacityGate {
  const buckets = new Map<string, Bucket>();
  return {
    admit: (resource, kind, throughput) => {
      const id = `${kind} ${resource}`;
      if (throughput === null) {
        buckets.delete(id);
        return;
      }
      const unitsPerSecond = throughput[kind];
      const full = { tokens: unitsPerSecond * BURST_SECONDS, refilledAtMs: now(), unitsPerSecond };
      const bucket = buckets.get(id) ?? full;
      buckets.set(id, bucket);
      const earned = ((now() - bucket.refilledAtMs) / 1000) * bucket.unitsPerSecond;
      bucket.tokens = Math.min(unitsPerSecond * BURST_SECONDS, bucket.tokens + earned);
      bucket.refilledAtMs = now();
      bucket.unitsPerSecond = unitsPerSecond;
      if (bucket.tokens <= 0) throw throttled('ProvisionedThroughputExceededException');
    },
    charge: (resource, kind, units) => {
      const bucket = buckets.get(`${kind} ${resource}`);
      if (bucket !== undefined) bucket.tokens -= units;
    },
  };
}
